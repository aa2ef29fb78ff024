/** The few signs Ant Design does not have, drawn on its 1em square. */

interface IconProps {
  className?: string;
}

export function BellSlashIcon({ className }: IconProps) {
  return (
    <svg
      className={className}
      width="1em"
      height="1em"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <path d="M6.5 9.5a5.5 5.5 0 0 1 9-4.2M18 10.5V16l1.5 2.5H8.5M10 21h4M4 4l16 16" />
    </svg>
  );
}

export function ReplyIcon({ className }: IconProps) {
  return (
    <svg
      className={className}
      width="1em"
      height="1em"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M10 5 3 12l7 7v-4.5c5 0 8.500 1.500 11 5-.8-6-4-10.200-11-10.500z" />
    </svg>
  );
}
