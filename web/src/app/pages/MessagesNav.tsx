import { BookOutlined, CommentOutlined, SearchOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { useBookmarks } from "@/shared/chat/bookmarks";
import { useThreads } from "@/shared/chat/threads";
import styles from "./messages.module.css";

/** What lies across conversations. Calm: followed threads with something new have a bold name, no number. */
export function MessagesNav() {
  const { t } = useTranslation();
  const { threads } = useThreads();
  // Marks are shown on messages, so they are known before one is looked for.
  useBookmarks();
  const unread = threads.some((thread) => thread.unread > 0);
  return (
    <nav className={styles.nav} aria-label={t("shell.across")}>
      <NavLink to="/messages/search" className={styles.navItem}>
        <SearchOutlined aria-hidden /> {t("search.title")}
      </NavLink>
      <NavLink
        to="/messages/threads"
        className={unread ? `${styles.navItem} ${styles.bold}` : styles.navItem}
      >
        <CommentOutlined aria-hidden /> {t("threads.title")}
        {unread && <span className="visually-hidden">{t("threads.new")}</span>}
      </NavLink>
      <NavLink to="/messages/bookmarks" className={styles.navItem}>
        <BookOutlined aria-hidden /> {t("bookmarks.title")}
      </NavLink>
    </nav>
  );
}
