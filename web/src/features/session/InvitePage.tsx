import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { acceptInvitation, previewInvitation } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { InvitationAcceptance } from "@/api/types";
import { currentLanguage } from "@/shared/i18n";
import { useMeQuery } from "@/shared/session/me";
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
  // Who is signed in already; nobody is the usual case here and no error.
  const me = useMeQuery();
  const [joined, setJoined] = useState<"active" | "waiting" | null>(null);

  if (preview.isPending || me.isPending) {
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
  const { org_name, inviter_name, expires_at, needs_approval, name } = preview.data;
  if (joined) {
    return (
      <Frame>
        <p className={styles.lead} role="status">
          {joined === "active"
            ? t("invite.joined", { name: org_name })
            : t("invite.waiting", { name: org_name })}
        </p>
        {me.data ? (
          <Link to="/messages" reloadDocument>
            {t("invite.toMessages")}
          </Link>
        ) : (
          <Link to="/sign-in">{t("session.signIn")}</Link>
        )}
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
      {name ? (
        <PersonalForm code={code} name={name} onJoined={setJoined} />
      ) : me.data ? (
        <JoinAsMyself code={code} name={me.data.user.name} onJoined={setJoined} />
      ) : (
        <InviteForm code={code} onJoined={setJoined} />
      )}
    </Frame>
  );
}

interface AcceptanceProps {
  code: string;
  onJoined: (state: "active" | "waiting") => void;
}

/** Accepts once at a time, and keeps the refusal for the form to show. */
function useAcceptance({ code, onJoined }: AcceptanceProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const accept = async (body: InvitationAcceptance) => {
    setBusy(true);
    setError(null);
    try {
      onJoined((await acceptInvitation(code, body)).state);
    } catch (refusal) {
      setError(refusal);
    } finally {
      setBusy(false);
    }
  };
  const fieldError = (...paths: string[]) =>
    error instanceof ApiError ? error.fields.find((field) => paths.includes(field.path))?.message : undefined;
  return { accept, busy, error, fieldError };
}

function Refusal({ error }: { error: unknown }) {
  if (error === null) return null;
  return (
    <div className={styles.error} role="alert">
      {describeError(error).text}
    </div>
  );
}

/** Somebody who is signed in brings their account along. */
function JoinAsMyself({ name, ...props }: AcceptanceProps & { name: string }) {
  const { t } = useTranslation();
  const { accept, busy, error } = useAcceptance(props);
  return (
    <div className={styles.form}>
      <Refusal error={error} />
      <Button type="primary" size="large" block loading={busy} onClick={() => accept({})}>
        {t("invite.joinAs", { name })}
      </Button>
    </div>
  );
}

/** The link is for one member, who is known already and only chooses a password. */
function PersonalForm({ name, ...props }: AcceptanceProps & { name: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const { accept, busy, error, fieldError } = useAcceptance(props);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void accept({ password });
      }}
    >
      <p>{t("invite.welcome", { name })}</p>
      <Field
        label={t("session.password")}
        type="password"
        autoComplete="new-password"
        value={password}
        onValue={setPassword}
        error={fieldError("password")}
      />
      {!fieldError("password") && <Refusal error={error} />}
      <Button type="primary" htmlType="submit" size="large" block loading={busy} disabled={!password}>
        {t("invite.accept")}
      </Button>
    </form>
  );
}

/** A login in one field: an address has an @, everything else is a number. */
export function loginFields(login: string): { mobile?: string; email?: string } {
  const trimmed = login.trim();
  return trimmed.includes("@") ? { email: trimmed } : { mobile: trimmed };
}

function InviteForm(props: AcceptanceProps) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const { accept, busy, error, fieldError } = useAcceptance(props);
  const anyField = Boolean(fieldError("name", "mobile", "email", "password"));
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void accept({ name: name.trim(), password, ...loginFields(login) });
      }}
    >
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
      {!anyField && <Refusal error={error} />}
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
      <Link className={styles.switch} to={`/sign-in?next=${encodeURIComponent(`/invite/${props.code}`)}`}>
        {t("invite.haveAccount")}
      </Link>
    </form>
  );
}
