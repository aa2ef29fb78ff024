import { avatarColour, groupInitials, initials } from "../names";
import styles from "./ui.module.css";

interface AvatarProps {
  /** What the colour hangs on: a userid or a conversation id. */
  id: string;
  name: string;
  size?: number;
  group?: boolean;
}

/** Initials on a steady colour. Decorative: the name always stands beside it. */
export function Avatar({ id, name, size = 36, group = false }: AvatarProps) {
  const letters = group ? groupInitials(name) : initials(name);
  const width = Array.from(letters).length;
  return (
    <span
      aria-hidden="true"
      className={group ? `${styles.avatar} ${styles.avatarGroup}` : styles.avatar}
      style={{
        width: size,
        height: size,
        background: avatarColour(id),
        fontSize: Math.round(size * (width > 1 ? 0.36 : 0.44)),
      }}
    >
      {letters}
    </span>
  );
}
