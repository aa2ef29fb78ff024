import { Input } from "antd";
import type { ComponentProps } from "react";
import { useId } from "react";
import styles from "./session.module.css";

type FieldProps = Omit<ComponentProps<typeof Input>, "onChange" | "value"> & {
  label: string;
  value: string;
  onValue: (value: string) => void;
  error?: string;
};

export function Field({ label, value, onValue, error, type, ...rest }: FieldProps) {
  const id = useId();
  const Box = type === "password" ? Input.Password : Input;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <Box
        {...rest}
        id={id}
        size="large"
        value={value}
        status={error ? "error" : undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => onValue(event.target.value)}
      />
      {error && (
        <span id={`${id}-error`} className={styles.fieldError}>
          {error}
        </span>
      )}
    </div>
  );
}
