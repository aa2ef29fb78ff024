import type { ReactNode } from "react";
import { Avatar } from "./Avatar";
import styles from "./ui.module.css";

interface PersonProps {
  userid: string;
  name: string;
  detail?: ReactNode;
  tags?: string[];
  extra?: ReactNode;
}

/** One person in a list: avatar, name, a quiet second line. */
export function PersonRow({ userid, name, detail, tags = [], extra }: PersonProps) {
  return (
    <>
      <Avatar id={userid} name={name} />
      <span className={styles.personText}>
        <span className={styles.personName}>
          <span>{name}</span>
          {tags.map((tag) => (
            <span key={tag} className={styles.tag}>
              {tag}
            </span>
          ))}
        </span>
        {detail && <span className={styles.personDetail}>{detail}</span>}
      </span>
      {extra}
    </>
  );
}

export const personRowClass = styles.person ?? "";
