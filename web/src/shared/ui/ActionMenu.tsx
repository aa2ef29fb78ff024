import { CheckOutlined } from "@ant-design/icons";
import {
  Fragment,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import styles from "./ui.module.css";
import { useIsPhone } from "./useMedia";

export interface MenuAction {
  key: string;
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
  /** A line above this item. */
  divided?: boolean;
  /** A quiet heading above this item. */
  heading?: string;
  run: () => void;
}

export type Anchor = { x: number; y: number } | DOMRect;

interface ActionMenuProps {
  label: string;
  anchor: Anchor;
  actions: MenuAction[];
  /** Something above the items, like a row of reactions. */
  header?: ReactNode;
  onClose: () => void;
}

const gap = 6;

function place(anchor: Anchor, width: number, height: number): { left: number; top: number } {
  const box = "width" in anchor ? anchor : new DOMRect(anchor.x, anchor.y, 0, 0);
  const below = box.bottom + gap + height <= window.innerHeight;
  const top = below ? box.bottom + gap : Math.max(gap, box.top - gap - height);
  const fits = box.left + width + gap <= window.innerWidth;
  const left = fits ? box.left : Math.max(gap, box.right - width);
  return { left, top };
}

/** A menu at a point or a button; on a phone a sheet from below. Arrows move, Escape closes, focus goes back. */
export function ActionMenu({ label, anchor, actions, header, onClose }: ActionMenuProps) {
  const phone = useIsPhone();
  const ref = useRef<HTMLDivElement>(null);
  const pressedHere = useRef(false);
  const [position, setPosition] = useState<{ left: number; top: number } | null>(null);

  useLayoutEffect(() => {
    const menu = ref.current;
    if (menu && !phone) setPosition(place(anchor, menu.offsetWidth, menu.offsetHeight));
  }, [anchor, phone]);

  useEffect(() => {
    const before = document.activeElement;
    ref.current
      ?.querySelector<HTMLElement>("[role^=menuitem]:not(:disabled)")
      ?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
      return;
    }
    const back = event.key === "ArrowUp" || event.key === "ArrowLeft";
    const forth = event.key === "ArrowDown" || event.key === "ArrowRight";
    if (!back && !forth) return;
    event.preventDefault();
    const items = Array.from(
      ref.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)") ?? [],
    );
    const index = items.indexOf(document.activeElement as HTMLElement);
    items[(index + (back ? -1 : 1) + items.length) % items.length]?.focus();
  };

  return createPortal(
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: pressing beside the menu; the keyboard has Escape. */}
      <div
        className={phone ? `${styles.menuScrim} ${styles.menuSheetScrim}` : styles.menuScrim}
        onPointerDown={onClose}
        onContextMenu={(event) => {
          event.preventDefault();
          onClose();
        }}
      />
      <div
        ref={ref}
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className={phone ? `${styles.menu} ${styles.menuSheet}` : styles.menu}
        style={phone ? undefined : (position ?? { left: 0, top: 0, opacity: 0 })}
        onKeyDown={onKeyDown}
        onPointerDownCapture={() => {
          pressedHere.current = true;
        }}
        onClickCapture={(event) => {
          // A long press opens the menu under the finger; lifting it is not yet a choice. Keys click with detail 0.
          if (pressedHere.current || event.detail === 0) return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {header}
        {actions.map((action) => (
          <Fragment key={action.key}>
            {action.divided && <hr className={styles.menuDivider} />}
            {action.heading && (
              <div role="presentation" className={styles.menuHeading}>
                {action.heading}
              </div>
            )}
            <button
              type="button"
              {...(action.checked === undefined
                ? { role: "menuitem" }
                : { role: "menuitemradio", "aria-checked": action.checked })}
              disabled={action.disabled}
              className={action.danger ? `${styles.menuItem} ${styles.menuDanger}` : styles.menuItem}
              onClick={() => {
                onClose();
                action.run();
              }}
            >
              {action.icon && <span className={styles.menuIcon}>{action.icon}</span>}
              {action.label}
              {action.checked && (
                <span className={styles.menuCheck}>
                  <CheckOutlined aria-hidden />
                </span>
              )}
            </button>
          </Fragment>
        ))}
      </div>
    </>,
    document.body,
  );
}
