import type { LinkPreview } from "@/api/types";
import { safeHref } from "@/shared/markdown/links";
import styles from "./messages.module.css";

/** What the pages behind the links of a message say of themselves: words only, nothing is fetched from there. */
export function LinkPreviews({ previews }: { previews: LinkPreview[] }) {
  return previews.map(({ url, title, description, site }) => {
    const href = safeHref(url);
    if (!href) return null;
    return (
      <a
        key={url}
        className={styles.preview}
        href={href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        data-testid="link-preview"
      >
        <span className={styles.previewSite}>{site}</span>
        <span className={styles.previewTitle}>{title || url}</span>
        {description && <span className={styles.previewText}>{description}</span>}
      </a>
    );
  });
}
