import {
  BankOutlined,
  ContactsOutlined,
  FileAddOutlined,
  LogoutOutlined,
  MessageOutlined,
  MoonOutlined,
  NotificationOutlined,
  ThunderboltOutlined,
} from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet, useMatch, useNavigate } from "react-router";
import { updateMe } from "@/api/endpoints";
import { ruleFor, useAttention } from "@/shared/attention/attention";
import { standing, useConversations } from "@/shared/chat/conversations";
import { useOpenDings } from "@/shared/ding/dings";
import { chooseLanguage, type Language, languageNames, languages } from "@/shared/i18n";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "@/shared/preferences";
import { useConnectionState } from "@/shared/realtime/context";
import { rememberOrganisation, useMe } from "@/shared/session/me";
import { clockTime } from "@/shared/time";
import { ActionMenu, type MenuAction } from "@/shared/ui/ActionMenu";
import { Avatar } from "@/shared/ui/Avatar";
import { Delayed } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import { RealtimeProvider } from "./realtime/RealtimeProvider";
import styles from "./shell.module.css";
import { leave } from "./signedOut";
import { useAttentionClock } from "./useAttentionClock";

const DingSheet = lazy(async () => ({ default: (await import("@/features/ding/DingSheet")).DingSheet }));

/** The power that opens the import. */
export const importPower = "directory.import";

export function Shell() {
  return (
    <RealtimeProvider>
      <Frame />
    </RealtimeProvider>
  );
}

function Frame() {
  const inConversation = useMatch("/messages/:conversationId") !== null;
  const inDing = useMatch("/dings/:dingId") !== null;
  const dinged = useOpenDings().length > 0;
  useAttentionClock();
  return (
    <div className={inConversation || inDing ? `${styles.shell} ${styles.deep}` : styles.shell}>
      <Rail />
      <div className={styles.content}>
        <OfflineLine />
        {dinged && (
          <Suspense>
            <DingSheet />
          </Suspense>
        )}
        <Outlet />
      </div>
    </div>
  );
}

/** The number on "Messages": what waits for me, by the calm rule. */
function useAttentionCount(): number {
  const { conversations } = useConversations();
  const attention = useAttention();
  let count = 0;
  for (const conversation of conversations ?? []) count += standing(conversation, attention).number;
  return count;
}

function Badge({ count, why }: { count: number; why?: string }) {
  const { t } = useTranslation();
  if (count === 0) return null;
  return (
    <span className={styles.badge} title={why}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="visually-hidden">{t("shell.waiting", { count })}</span>
    </span>
  );
}

function Rail() {
  const { t } = useTranslation();
  const me = useMe();
  const waiting = useAttentionCount();
  const open = useOpenDings().length;
  const ringing = ruleFor(useAttention(), "ding", false);
  const mayImport = me.powers.includes(importPower);
  return (
    <nav className={styles.rail} aria-label={t("shell.navigation")}>
      <NavLink to="/messages" className={styles.railItem}>
        <MessageOutlined aria-hidden className={styles.railIcon} />
        <span>{t("shell.messages")}</span>
        <Badge count={waiting} />
      </NavLink>
      <NavLink to="/dings" className={styles.railItem}>
        <ThunderboltOutlined aria-hidden className={styles.railIcon} />
        <span>{t("ding.title")}</span>
        <Badge count={ringing?.number ? open : 0} why={ringing?.text} />
      </NavLink>
      <NavLink to="/contacts" className={styles.railItem}>
        <ContactsOutlined aria-hidden className={styles.railIcon} />
        <span>{t("shell.contacts")}</span>
      </NavLink>
      {mayImport && (
        <NavLink to="/admin/import" className={styles.railItem}>
          <FileAddOutlined aria-hidden className={styles.railIcon} />
          <span>{t("shell.import")}</span>
        </NavLink>
      )}
      <MeMenu />
    </nav>
  );
}

const themeChoices: {
  choice: ThemeChoice;
  label: "shell.themeSystem" | "shell.themeLight" | "shell.themeDark";
}[] = [
  { choice: "system", label: "shell.themeSystem" },
  { choice: "light", label: "shell.themeLight" },
  { choice: "dark", label: "shell.themeDark" },
];

function MeMenu() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const quietUntil = useAttention()?.quiet_until;
  const theme = useThemeChoice();
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  const name = me.member?.name ?? me.user.name;

  const speak = (language: Language) => {
    void chooseLanguage(language);
    // The device's choice stands even when the account cannot be told of it.
    updateMe({ language }).catch(() => {});
  };
  const switchTo = (orgId: string) => {
    rememberOrganisation(orgId);
    client.clear();
    window.location.assign("/w/messages");
  };
  const organisations = me.organisations.filter((organisation) => organisation.state === "active");
  const actions: MenuAction[] = [
    {
      key: "calm",
      label: t("calm.title"),
      icon: <NotificationOutlined aria-hidden />,
      run: () => navigate("/settings/notifications"),
    },
    ...organisations.map((organisation, index) => ({
      key: `org-${organisation.org_id}`,
      label: organisation.name,
      icon: <BankOutlined aria-hidden />,
      checked: organisation.org_id === me.org?.org_id,
      divided: index === 0,
      heading: index === 0 ? t("shell.organisation") : undefined,
      run: () => organisation.org_id !== me.org?.org_id && switchTo(organisation.org_id),
    })),
    ...languages.map((language, index) => ({
      key: `language-${language}`,
      label: languageNames[language],
      checked: i18n.language === language,
      divided: index === 0,
      heading: index === 0 ? t("shell.language") : undefined,
      run: () => speak(language),
    })),
    ...themeChoices.map(({ choice, label }, index) => ({
      key: `theme-${choice}`,
      label: t(label),
      checked: theme === choice,
      divided: index === 0,
      heading: index === 0 ? t("shell.theme") : undefined,
      run: () => chooseTheme(choice),
    })),
    {
      key: "sign-out",
      label: t("shell.signOut"),
      icon: <LogoutOutlined aria-hidden />,
      divided: true,
      run: () => void leave().catch(toastError),
    },
  ];

  return (
    <>
      <button
        type="button"
        className={`${styles.railItem} ${styles.me}`}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        data-testid="me-menu"
        onClick={(event) => setAnchor(event.currentTarget.getBoundingClientRect())}
      >
        <Avatar id={me.member?.userid ?? me.user.id} name={name} size={32} />
        {quietUntil && <MoonOutlined aria-hidden className={styles.moon} />}
        <span className={styles.meLabel}>{t("shell.me")}</span>
        <span className="visually-hidden">{t("shell.meMenu", { name })}</span>
      </button>
      {anchor && (
        <ActionMenu
          label={t("shell.meMenu", { name })}
          anchor={anchor}
          actions={actions}
          header={
            <div className={styles.meHead}>
              <strong>{name}</strong>
              {me.member?.title && <span>{me.member.title}</span>}
              {quietUntil && (
                <span>{t("calm.quietUntil", { time: clockTime(quietUntil, i18n.language) })}</span>
              )}
            </div>
          }
          onClose={() => setAnchor(null)}
        />
      )}
    </>
  );
}

/** One quiet line while the connection is away; short interruptions are not worth a word. */
function OfflineLine() {
  const { t } = useTranslation();
  const state = useConnectionState();
  if (state !== "offline") return null;
  return (
    <Delayed after={1500}>
      <div className={styles.offline} role="status">
        {t("shell.offline")}
      </div>
    </Delayed>
  );
}
