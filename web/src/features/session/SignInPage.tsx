import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { configureClient } from "@/api/client";
import { signIn } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import { describeError } from "@/shared/ui/describeError";
import { Field } from "./Field";
import { Frame } from "./Frame";
import styles from "./session.module.css";
import { minutesAndSeconds, useLockout } from "./useLockout";

/** Only a path inside the client: an address elsewhere in `next` must not carry somebody away after signing in. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/messages";
}

export function SignInPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [byUserid, setByUserid] = useState(false);
  const [login, setLogin] = useState("");
  const [orgCode, setOrgCode] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { seconds, lock } = useLockout();

  useEffect(() => {
    document.title = `${t("session.signIn")} · Pegboard`;
  }, [t]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const code = byUserid ? { org_code: orgCode.trim() } : {};
      await signIn({ login: login.trim(), password, ...code });
      // A token of a former session must not travel with the new one.
      configureClient({ csrfToken: null });
      client.clear();
      navigate(safeNext(search.get("next")), { replace: true });
    } catch (refusal) {
      setError(refusal);
      setPassword("");
      if (refusal instanceof ApiError && refusal.status === 429) lock(refusal.retryAfter ?? 60);
    } finally {
      setBusy(false);
    }
  };

  const locked = seconds > 0;
  const complete = login.trim() !== "" && password !== "" && (!byUserid || orgCode.trim() !== "");
  return (
    <Frame>
      <h1 className="visually-hidden">{t("session.signIn")}</h1>
      <form className={styles.form} onSubmit={submit} aria-label={t("session.signIn")}>
        <Field
          label={byUserid ? t("session.userid") : t("session.login")}
          name="login"
          autoComplete="username"
          autoFocus
          value={login}
          onValue={setLogin}
        />
        {byUserid && (
          <Field
            label={t("session.orgCode")}
            name="org_code"
            autoComplete="organization"
            value={orgCode}
            onValue={setOrgCode}
          />
        )}
        <Field
          label={t("session.password")}
          name="password"
          type="password"
          autoComplete="current-password"
          value={password}
          onValue={setPassword}
        />
        <SignInError error={error} seconds={seconds} />
        <Button
          type="primary"
          htmlType="submit"
          size="large"
          block
          loading={busy}
          disabled={!complete || locked}
        >
          {t("session.signIn")}
        </Button>
        <button type="button" className={styles.switch} onClick={() => setByUserid(!byUserid)}>
          {byUserid ? t("session.useLogin") : t("session.useUserid")}
        </button>
      </form>
    </Frame>
  );
}

function SignInError({ error, seconds }: { error: unknown; seconds: number }) {
  const { t } = useTranslation();
  if (!error) return null;
  if (error instanceof ApiError && error.status === 429) {
    if (seconds === 0) return null;
    return (
      <div className={styles.error} role="alert">
        {t("session.locked", { time: minutesAndSeconds(seconds) })}
      </div>
    );
  }
  const { text, requestId } = describeError(error);
  const wrong = error instanceof ApiError && error.code === "session.wrong_credentials";
  return (
    <div className={styles.error} role="alert">
      {wrong ? t("session.wrongCredentials") : text}
      {requestId && !wrong && (
        <small>
          {t("state.requestId")} {requestId}
        </small>
      )}
    </div>
  );
}
