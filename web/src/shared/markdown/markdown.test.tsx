import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { linkParts, safeHref } from "./links";
import { Markdown } from "./Markdown";
import { RichText } from "./RichText";

describe("links", () => {
  it.each([
    "javascript:alert(1)",
    "JaVaScript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//x",
    "x",
  ])("never lead to %s", (address) => expect(safeHref(address)).toBeNull());

  it("are found in Chinese text without its punctuation", () => {
    expect(linkParts("請看https://example.com/a?b=1，謝謝。").map((part) => part.text)).toEqual([
      "請看",
      "https://example.com/a?b=1",
      "，謝謝。",
    ]);
    expect(linkParts("(https://example.com/a_(b)).")[1]?.text).toBe("https://example.com/a_(b)");
  });

  it("open elsewhere and tell nothing of us", () => {
    render(<RichText text="https://example.com" />);
    expect(screen.getByRole("link")).toHaveAttribute("rel", expect.stringContaining("noopener"));
  });
});

describe("mentions", () => {
  it("are marked, the longer name first", () => {
    render(
      <RichText
        text="@王小明 和@王小"
        mentions={[
          { name: "王小", me: false },
          { name: "王小明", me: true },
        ]}
      />,
    );
    expect(screen.getByText("@王小明")).toBeInTheDocument();
    expect(screen.getByText("@王小")).toBeInTheDocument();
  });
});

describe("markdown", () => {
  const show = (source: string) => render(<Markdown source={source} />).container;

  it("shows its subset as elements", () => {
    const shown = show("# 標題\n\n**粗** *斜* ~~刪~~ `碼`\n\n1. 一\n2. 二\n\n> 引\n\n```\n程式\n```");
    for (const tag of ["strong", "em", "del", "code", "ol", "blockquote", "pre"]) {
      expect(shown.querySelector(tag)).not.toBeNull();
    }
    expect(shown.querySelector("h1")).toBeNull();
  });

  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '<a href="javascript:alert(1)">x</a>',
    "a <b>b</b> c",
  ])("keeps HTML as the text it is: %s", (source) => {
    const shown = show(source);
    expect(shown.textContent).toContain(source);
    expect(shown.querySelector("img, script, a, b")).toBeNull();
  });

  it("fetches no picture and follows no script", () => {
    const shown = show("![圖](https://example.com/x.png) [點我](javascript:alert(1))");
    expect(shown.querySelector("img")).toBeNull();
    expect([...shown.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual([
      "https://example.com/x.png",
    ]);
  });
});
