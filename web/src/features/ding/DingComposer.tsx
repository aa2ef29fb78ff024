import {
  CloseOutlined,
  FolderOutlined,
  PaperClipOutlined,
  PlusOutlined,
  TeamOutlined,
} from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, InputNumber } from "antd";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { newId } from "@/api/client";
import { sendDing, withoutNulls } from "@/api/endpoints";
import type { DingStep, NewDing } from "@/api/types";
import { dingUsageQuery, refreshDings } from "@/shared/ding/dings";
import { AttachmentList } from "@/shared/files/AttachmentList";
import { useUploads } from "@/shared/files/useUploads";
import { type ChosenDepartment, PeoplePicker, type Person } from "@/shared/people/PeoplePicker";
import { Dialog } from "@/shared/ui/Dialog";
import { IconButton } from "@/shared/ui/IconButton";
import { toast, toastError } from "@/shared/ui/toast";
import styles from "./ding.module.css";
import { channelLabels } from "./steps";

/** The server's limits. */
const longestContent = 2000;
const mostSteps = 10;
const mostFiles = 10;

/** The message that it is about, and how many have not read it when it goes to exactly those. */
export interface AboutMessage {
  conversationId: string;
  seq: number;
  excerpt: string;
  unread: number | null;
}

interface DingComposerProps {
  about?: AboutMessage;
  onClose: () => void;
  onSent?: (id: string) => void;
}

interface StepDraft {
  key: string;
  channel: DingStep["channel"];
  minutes: number;
}

type Repeat = "never" | "day" | "week" | "month";

/** A local date and time as an input of type datetime-local shows it. */
function localInput(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function DingComposer({ about, onClose, onSent }: DingComposerProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const usage = useQuery({ ...dingUsageQuery, staleTime: 0 }).data;
  const [content, setContent] = useState(about?.excerpt ?? "");
  const [people, setPeople] = useState<Person[]>([]);
  const [departments, setDepartments] = useState<ChosenDepartment[]>([]);
  const [picking, setPicking] = useState(false);
  const [steps, setSteps] = useState<StepDraft[] | null>(null);
  const [sendAt, setSendAt] = useState<string | null>(null);
  const [repeat, setRepeat] = useState<Repeat>("never");
  const [busy, setBusy] = useState(false);
  // One for every press: a lost answer must not ring twice.
  const [clientId] = useState(newId);
  const uploads = useUploads();
  const fileInput = useRef<HTMLInputElement>(null);
  const ids = { content: useId(), when: useId(), at: useId(), repeat: useId() };
  const toUnread = about?.unread != null;
  const somebody = toUnread || people.length + departments.length > 0;
  const uploading = uploads.attachments.some((item) => item.state !== "done");
  const usedUp = usage !== undefined && usage.used >= usage.limit;
  const ready = content.trim() !== "" && somebody && !uploading && !usedUp && sendAt !== "";

  const send = async () => {
    setBusy(true);
    const body: NewDing = withoutNulls({
      client_id: clientId,
      content: content.trim(),
      userids: people.map(({ userid }) => userid),
      department_ids: departments.map(({ id }) => id),
      message: about ? { conversation_id: about.conversationId, seq: about.seq } : null,
      to_unread: toUnread,
      file_ids: uploads.attachments.flatMap(({ fileId }) => fileId ?? []),
      steps:
        steps?.map(({ channel, minutes }) => ({ channel, after_seconds: Math.round(minutes * 60) })) ?? null,
      send_at: sendAt ? new Date(sendAt).toISOString() : null,
      repeat: sendAt && repeat !== "never" ? { every: repeat, zone: zone() } : null,
    });
    try {
      const { id } = await sendDing(body);
      refreshDings(client);
      toast(sendAt ? t("ding.scheduledToast") : t("ding.sentToast"));
      onClose();
      onSent?.(id);
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };

  return (
    <Dialog
      wide
      title={toUnread ? t("ding.unreadTitle", { count: about?.unread ?? 0 }) : t("ding.new")}
      onClose={onClose}
      footer={
        <>
          {usage && (
            <span className={usedUp ? styles.usedUp : styles.usage}>
              {t("ding.usage", { used: usage.used, limit: usage.limit })}
            </span>
          )}
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            type="primary"
            disabled={!ready}
            loading={busy}
            data-testid="send-ding"
            onClick={() => void send()}
          >
            {sendAt === null ? t("ding.send") : t("ding.schedule")}
          </Button>
        </>
      }
    >
      <div className={styles.form} data-testid="ding-composer">
        <div>
          <label htmlFor={ids.content}>{t("ding.content")}</label>
          <Input.TextArea
            id={ids.content}
            autoFocus
            autoSize={{ minRows: 3, maxRows: 8 }}
            maxLength={longestContent}
            showCount
            value={content}
            onChange={(event) => setContent(event.target.value)}
          />
        </div>

        <fieldset>
          <legend>{t("ding.recipients")}</legend>
          {toUnread ? (
            <p className={styles.exactly}>
              <TeamOutlined aria-hidden /> {t("ding.exactlyUnread", { count: about?.unread ?? 0 })}
            </p>
          ) : (
            <div className={styles.chips}>
              {departments.map(({ id, name }) => (
                <span key={id} className={styles.chip}>
                  <FolderOutlined aria-hidden /> {name}
                  <IconButton
                    label={t("people.unchoose", { name })}
                    icon={<CloseOutlined aria-hidden />}
                    onClick={() => setDepartments(departments.filter((each) => each.id !== id))}
                  />
                </span>
              ))}
              {people.map(({ userid, name }) => (
                <span key={userid} className={styles.chip}>
                  {name}
                  <IconButton
                    label={t("people.unchoose", { name })}
                    icon={<CloseOutlined aria-hidden />}
                    onClick={() => setPeople(people.filter((each) => each.userid !== userid))}
                  />
                </span>
              ))}
              <Button
                icon={<PlusOutlined aria-hidden />}
                data-testid="choose-recipients"
                onClick={() => setPicking(true)}
              >
                {t("ding.choosePeople")}
              </Button>
            </div>
          )}
        </fieldset>

        <fieldset>
          <legend>{t("ding.when")}</legend>
          <div className={styles.row}>
            <label className={styles.choice}>
              <input
                type="radio"
                name={ids.when}
                checked={sendAt === null}
                onChange={() => setSendAt(null)}
              />
              {t("ding.now")}
            </label>
            <label className={styles.choice}>
              <input
                type="radio"
                name={ids.when}
                checked={sendAt !== null}
                onChange={() => setSendAt(localInput(new Date(Date.now() + 3_600_000)))}
              />
              {t("ding.later")}
            </label>
            {sendAt !== null && (
              <>
                <input
                  type="datetime-local"
                  className={styles.field}
                  aria-label={t("ding.sendsAt")}
                  min={localInput(new Date())}
                  value={sendAt}
                  onChange={(event) => setSendAt(event.target.value)}
                />
                <select
                  className={styles.field}
                  aria-label={t("ding.repeat")}
                  value={repeat}
                  onChange={(event) => setRepeat(event.target.value as Repeat)}
                >
                  <option value="never">{t("ding.once")}</option>
                  <option value="day">{t("ding.everyDay")}</option>
                  <option value="week">{t("ding.everyWeek")}</option>
                  <option value="month">{t("ding.everyMonth")}</option>
                </select>
              </>
            )}
          </div>
        </fieldset>

        <StepsEditor steps={steps} onChange={setSteps} />

        <fieldset>
          <legend>{t("ding.files")}</legend>
          <AttachmentList
            attachments={uploads.attachments}
            onPause={uploads.pause}
            onResume={uploads.resume}
            onRemove={uploads.remove}
          />
          <input
            ref={fileInput}
            type="file"
            multiple
            hidden
            data-testid="ding-file-input"
            onChange={(event) => {
              uploads.add([...(event.target.files ?? [])].slice(0, mostFiles - uploads.attachments.length));
              event.target.value = "";
            }}
          />
          <Button
            icon={<PaperClipOutlined aria-hidden />}
            disabled={uploads.attachments.length >= mostFiles}
            onClick={() => fileInput.current?.click()}
          >
            {t("ding.attach")}
          </Button>
        </fieldset>
      </div>
      {picking && (
        <Dialog
          wide
          title={t("ding.choosePeople")}
          onClose={() => setPicking(false)}
          footer={
            <Button type="primary" onClick={() => setPicking(false)}>
              {t("ding.chosenDone")}
            </Button>
          }
        >
          <PeoplePicker
            chosen={people}
            onChange={setPeople}
            departments={departments}
            onDepartmentsChange={setDepartments}
          />
        </Dialog>
      )}
    </Dialog>
  );
}

const firstSteps = (): StepDraft[] => [
  { key: newId(), channel: "app", minutes: 0 },
  { key: newId(), channel: "app", minutes: 5 },
];

interface StepsEditorProps {
  steps: StepDraft[] | null;
  onChange: (steps: StepDraft[] | null) => void;
}

/** How to go on with who does not acknowledge; null is what the server does by itself. */
function StepsEditor({ steps, onChange }: StepsEditorProps) {
  const { t } = useTranslation();
  const change = (key: string, part: Partial<StepDraft>) =>
    onChange(steps?.map((step) => (step.key === key ? { ...step, ...part } : step)) ?? null);
  return (
    <fieldset>
      <legend>{t("ding.steps")}</legend>
      {steps === null ? (
        <p className={styles.standard}>
          {t("ding.standardSteps")}{" "}
          <button type="button" className={styles.linkButton} onClick={() => onChange(firstSteps())}>
            {t("ding.customSteps")}
          </button>
        </p>
      ) : (
        <>
          <ol className={styles.steps}>
            {steps.map((step, index) => (
              <li key={step.key}>
                <select
                  className={styles.field}
                  aria-label={t("ding.channelOf", { number: index + 1 })}
                  value={step.channel}
                  onChange={(event) =>
                    change(step.key, { channel: event.target.value as StepDraft["channel"] })
                  }
                >
                  {(["app", "sms", "phone"] as const).map((channel) => (
                    <option key={channel} value={channel}>
                      {t(channelLabels[channel])}
                    </option>
                  ))}
                </select>
                <InputNumber
                  min={0}
                  max={10_080}
                  precision={0}
                  className={styles.minutes}
                  aria-label={t("ding.minutesOf", { number: index + 1 })}
                  value={step.minutes}
                  onChange={(minutes) => change(step.key, { minutes: minutes ?? 0 })}
                />
                <span>{t("ding.minutesLater")}</span>
                <IconButton
                  label={t("ding.removeStep", { number: index + 1 })}
                  icon={<CloseOutlined aria-hidden />}
                  disabled={steps.length === 1}
                  onClick={() => onChange(steps.filter(({ key }) => key !== step.key))}
                />
              </li>
            ))}
          </ol>
          <div className={styles.row}>
            <Button
              size="small"
              icon={<PlusOutlined aria-hidden />}
              disabled={steps.length >= mostSteps}
              onClick={() =>
                onChange([
                  ...steps,
                  { key: newId(), channel: "app", minutes: (steps.at(-1)?.minutes ?? 0) + 5 },
                ])
              }
            >
              {t("ding.addStep")}
            </Button>
            <button type="button" className={styles.linkButton} onClick={() => onChange(null)}>
              {t("ding.useStandard")}
            </button>
          </div>
        </>
      )}
    </fieldset>
  );
}
