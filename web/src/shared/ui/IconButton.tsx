import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import styles from "./ui.module.css";

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  icon: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, icon, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={className ? `${styles.iconButton} ${className}` : styles.iconButton}
      {...rest}
    >
      {icon}
    </button>
  );
}
