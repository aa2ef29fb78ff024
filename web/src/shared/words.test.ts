import { describe, expect, it } from "vitest";
import { matchLanguage } from "./i18n";
import { avatarColour, groupInitials, initials } from "./names";
import { clockTime, dayLabel, fileSize, listTime } from "./time";

describe("initials", () => {
  it.each([
    ["王小明", "小明"],
    ["林海", "林海"],
    ["艾力・玉素甫", "素甫"],
    ["Ann Lee", "AL"],
    ["bob", "B"],
    ["", "?"],
    ["👩‍🚀", "👩"],
  ])("%s → %s", (name, expected) => expect(initials(name)).toBe(expected));

  it("of a group are how its name begins", () => {
    expect(groupInitials("【公告】全體同仁")).toBe("公告");
    expect(groupInitials("???")).toBe("#");
  });

  it("always have the same colour", () => expect(avatarColour("E001")).toBe(avatarColour("E001")));
});

describe("language of the browser", () => {
  it.each([
    [["zh-TW"], "zh-TW"],
    [["zh-Hant-HK"], "zh-TW"],
    [["zh-HK"], "zh-TW"],
    [["zh"], "zh-CN"],
    [["zh-CN", "en"], "zh-CN"],
    [["zh-Hans"], "zh-CN"],
    [["zh-SG"], "zh-CN"],
    [["en-GB"], "en"],
    [["fr", "en-US"], "en"],
    [["de"], "zh-TW"],
  ])("%s → %s", (tags, expected) => expect(matchLanguage(tags)).toBe(expected));
});

describe("times", () => {
  const now = new Date(2026, 0, 15, 12, 0);
  const local = (day: number, hour = 9) => new Date(2026, 0, day, hour, 5).toISOString();
  it("in lists say the clock today, then less and less", () => {
    expect(listTime(local(15), "zh-TW", now)).toBe("09:05");
    expect(listTime(local(14), "zh-TW", now)).toBe("昨天");
    expect(listTime(local(11), "zh-TW", now)).toBe("週日");
    expect(listTime(local(1), "zh-TW", now)).toBe("1/1");
    expect(listTime(new Date(2024, 4, 2).toISOString(), "zh-TW", now)).toBe("2024/5/2");
  });
  it("from a clock that runs ahead are still today's", () => {
    expect(listTime(local(16), "zh-TW", now)).toBe("09:05");
  });
  it("separate days", () => {
    expect(dayLabel(local(15, 0), "zh-TW", now)).toBe("今天");
    expect(dayLabel(local(14, 23), "en", now)).toBe("yesterday");
    expect(clockTime(local(15, 0), "en")).toBe("00:05");
  });
});

it.each([
  [0, "0 B"],
  [1023, "1,023 B"],
  [1536, "1.5 KB"],
  [20 * 1024 * 1024, "20 MB"],
])("%i bytes are %s", (bytes, expected) => expect(fileSize(bytes, "en")).toBe(expected));
