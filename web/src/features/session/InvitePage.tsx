import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { acceptInvitation, previewInvitation } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import { currentLanguage } from "@/shared/i18n";
import { fullTime } from "@/shared/time";
import { describeError } from "@/shared/ui/describeError";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { Field } from "./Field";
import { Frame } from "./Frame";
import styles from "./session.module.css";

export function InvitePage() {
  const { t } = useTranslation();
  const { code = "" } = useParams();
  const preview = useQuery({
    queryKey: ["invitation", code],
    queryFn: ({ signal }) => previewInvitation(code, signal),
    retry: false,
  });
  const [joined, setJoined] = useState<"active" | "waiting" | null>(null);

  if (preview.isPending) {
    return (
      <Frame>
        <SkeletonRows rows={2} avatar={false} />
      </Frame>
    );
  }
  if (preview.isError) {
    const gone = preview.error instanceof ApiError && preview.error.status === 404;
    return (
      <Frame>
        {gone ? (
          <p role="alert">{t("invite.gone")}</p>
        ) : (
          <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
        )}
      </Frame>
    );
  }
  const { org_name, inviter_name, expires_at, needs_approval } = preview.data;
  if (joined) {
    return (
      <Frame>
        <p className={styles.lead} role="status">
          {joined === "active"
            ? t("invite.joined", { name: org_name })
            : t("invite.waiting", { name: org_name })}
        </p>
        <Link to="/sign-in">{t("session.signIn")}</Link>
      </Frame>
    );
  }
  return (
    <Frame>
      <h1>{t("invite.title", { name: org_name })}</h1>
      <p className={styles.lead}>
        {t("invite.by", { name: inviter_name, time: fullTime(expires_at, currentLanguage()) })}{" "}
        {needs_approval && t("invite.needsApproval")}
      </p>
      <InviteForm code={code} onJoined={setJoined} />
    </Frame>
  );
}

/** A login in one field: an address has an @, everything else is a number. */
export function loginFields(login: string): { mobile?: string; email?: string } {
  const trimmed = login.trim();
  return trimmed.includes("@") ? { email: trimmed } : { mobile: trimmed };
}

function InviteForm({ code, onJoined }: { code: string; onJoined: (state: "active" | "waiting") => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const answer = await acceptInvitation(code, { name: name.trim(), password, ...loginFields(login) });
      onJoined(answer.state === "waiting" ? "waiting" : "active");
    } catch (refusal) {
      setError(refusal);
    } finally {
      setBusy(false);
    }
  };
  const fieldError = (...paths: string[]) =>
    error instanceof ApiError ? error.fields.find((field) => paths.includes(field.path))?.message : undefined;
  const anyField = Boolean(fieldError("name", "mobile", "email", "password"));
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field
        label={t("session.name")}
        autoComplete="name"
        value={name}
        onValue={setName}
        error={fieldError("name")}
      />
      <Field
        label={t("session.login")}
        autoComplete="username"
        value={login}
        onValue={setLogin}
        error={fieldError("mobile", "email")}
      />
      <Field
        label={t("session.password")}
        type="password"
        autoComplete="new-password"
        value={password}
        onValue={setPassword}
        error={fieldError("password")}
      />
      {error !== null && !anyField && (
        <div className={styles.error} role="alert">
          {describeError(error).text}
        </div>
      )}
      <Button
        type="primary"
        htmlType="submit"
        size="large"
        block
        loading={busy}
        disabled={!name.trim() || !login.trim() || !password}
      >
        {t("invite.accept")}
      </Button>
    </form>
  );
}
