import { ThunderboltFilled } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { confirmDingDelivery } from "@/api/endpoints";
import type { Ding } from "@/api/types";
import { ownPlace, useDingArrivals, useOpenDings } from "@/shared/ding/dings";
import { currentLanguage } from "@/shared/i18n";
import { fullTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import { toastError } from "@/shared/ui/toast";
import { acknowledge } from "./acknowledge";
import { DingContent } from "./DingContent";
import styles from "./ding.module.css";

/** The longest reply that the server takes. */
const longestReply = 500;

/**
 * What waits for my acknowledgement, over any page, until it is given. It may be put aside to look something up: then
 * a bar stays, and whatever comes next stands up again.
 */
export function DingSheet() {
  const dings = useOpenDings();
  const arrivals = useDingArrivals();
  const [shownId, setShownId] = useState<string | null>(null);
  const [aside, setAside] = useState(false);
  const ding = dings.find(({ id }) => id === shownId) ?? dings[0];
  useEffect(() => {
    if (arrivals > 0) setAside(false);
  }, [arrivals]);
  useDelivered(ding);
  // Who is in the middle of an answer keeps that one in front when the next arrives.
  const shown = ding?.id ?? null;
  useEffect(() => setShownId(shown), [shown]);
  if (!ding) return null;
  return aside ? (
    <Bar ding={ding} count={dings.length} onOpen={() => setAside(false)} />
  ) : (
    <Sheet key={ding.id} ding={ding} count={dings.length} onAside={() => setAside(true)} />
  );
}

/** Tells the sender that a screen shows it, once for every time that it is told. */
function useDelivered(ding: Ding | undefined): void {
  const place = ding && ownPlace(ding);
  const wanted = place && place.state !== "delivered" ? `${ding.id} ${place.rev}` : null;
  const id = ding?.id;
  useEffect(() => {
    if (wanted === null || id === undefined) return;
    const confirm = () => {
      if (document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", confirm);
      // A lost word is no harm: the next device that shows it says so too.
      confirmDingDelivery(id).catch(() => {});
    };
    document.addEventListener("visibilitychange", confirm);
    confirm();
    return () => document.removeEventListener("visibilitychange", confirm);
  }, [wanted, id]);
}

function useAcknowledge(ding: Ding) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const press = async (reply: string) => {
    setBusy(true);
    try {
      await acknowledge(client, ding, reply.trim());
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return { busy, press };
}

function Sheet({ ding, count, onAside }: { ding: Ding; count: number; onAside: () => void }) {
  const { t } = useTranslation();
  const [reply, setReply] = useState("");
  const { busy, press } = useAcknowledge(ding);
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const contentId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    // Not a button: whoever is typing when this comes must not acknowledge with the next space.
    dialog?.querySelector<HTMLElement>("h2")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      role="alertdialog"
      aria-labelledby={titleId}
      aria-describedby={contentId}
      className={styles.sheet}
      data-testid="ding-sheet"
      onCancel={(event) => {
        event.preventDefault();
        onAside();
      }}
    >
      <div className={styles.sheetInner}>
        <header className={styles.sheetHead}>
          <Avatar id={ding.sender.userid} name={ding.sender.name} size={40} />
          <div className={styles.sheetTitle}>
            <h2 id={titleId} tabIndex={-1}>
              <ThunderboltFilled aria-hidden className={styles.mark} />{" "}
              {t("ding.from", { name: ding.sender.name })}
            </h2>
            <span className={styles.quiet}>
              {fullTime(ding.fired_at ?? ding.send_at, currentLanguage())}
              {count > 1 && ` · ${t("ding.waiting", { count })}`}
            </span>
          </div>
        </header>
        <div id={contentId} className={styles.sheetBody}>
          <DingContent ding={ding} onLook={onAside} />
        </div>
        <div className={styles.sheetFoot}>
          <Input
            className={styles.reply}
            maxLength={longestReply}
            placeholder={t("ding.replyHint")}
            aria-label={t("ding.reply")}
            value={reply}
            onChange={(event) => setReply(event.target.value)}
            onPressEnter={(event) => {
              if (!event.nativeEvent.isComposing && reply.trim()) void press(reply);
            }}
          />
          <div className={styles.sheetActions}>
            <Button onClick={onAside}>{t("ding.aside")}</Button>
            <Button type="primary" size="large" loading={busy} onClick={() => void press(reply)}>
              {t("ding.acknowledge")}
            </Button>
          </div>
        </div>
      </div>
    </dialog>
  );
}

function Bar({ ding, count, onOpen }: { ding: Ding; count: number; onOpen: () => void }) {
  const { t } = useTranslation();
  const { busy, press } = useAcknowledge(ding);
  return (
    <section className={styles.bar} aria-label={t("ding.waiting", { count })} data-testid="ding-bar">
      <button type="button" className={styles.barText} onClick={onOpen}>
        <ThunderboltFilled aria-hidden className={styles.mark} />
        <span>
          {ding.sender.name}: {ding.content}
        </span>
        {count > 1 && <span className={styles.barCount}>{t("ding.waiting", { count })}</span>}
      </button>
      <Button size="small" type="primary" loading={busy} onClick={() => void press("")}>
        {t("ding.acknowledge")}
      </Button>
    </section>
  );
}
