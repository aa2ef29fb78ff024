import { createBrowserRouter, Navigate } from "react-router";
import { SkeletonRows } from "@/shared/ui/states";
import { NotFoundPage } from "./pages/NotFoundPage";
import { RouteError } from "./pages/RouteError";
import { RequireSession } from "./RequireSession";

const waiting = <SkeletonRows />;

export const router = createBrowserRouter(
  [
    {
      errorElement: <RouteError />,
      hydrateFallbackElement: waiting,
      children: [
        { index: true, element: <Navigate to="/messages" replace /> },
        {
          path: "sign-in",
          lazy: async () => ({ Component: (await import("@/features/session/SignInPage")).SignInPage }),
        },
        {
          path: "invite/:code",
          lazy: async () => ({ Component: (await import("@/features/session/InvitePage")).InvitePage }),
        },
        {
          element: <RequireSession />,
          errorElement: <RouteError />,
          children: [
            {
              lazy: async () => ({ Component: (await import("./Shell")).Shell }),
              children: [
                {
                  path: "messages",
                  lazy: async () => ({ Component: (await import("./pages/MessagesPage")).MessagesPage }),
                  children: [
                    {
                      index: true,
                      lazy: async () => ({ Component: (await import("./pages/MessagesPage")).NothingOpen }),
                    },
                    {
                      path: "search",
                      lazy: async () => ({
                        Component: (await import("@/features/search/SearchPage")).SearchPage,
                      }),
                    },
                    {
                      path: "threads",
                      lazy: async () => ({
                        Component: (await import("@/features/threads/ThreadsPage")).ThreadsPage,
                      }),
                    },
                    {
                      path: "bookmarks",
                      lazy: async () => ({
                        Component: (await import("@/features/bookmarks/BookmarksPage")).BookmarksPage,
                      }),
                    },
                    {
                      path: ":conversationId",
                      lazy: async () => ({
                        Component: (await import("./pages/MessagesPage")).ConversationPage,
                      }),
                    },
                  ],
                },
                {
                  path: "contacts",
                  lazy: async () => ({
                    Component: (await import("@/features/contacts/ContactsLayout")).ContactsLayout,
                  }),
                  children: [
                    {
                      index: true,
                      lazy: async () => ({
                        Component: (await import("@/features/contacts/ContactsHome")).ContactsHome,
                      }),
                    },
                    {
                      path: "departments/:departmentId",
                      lazy: async () => ({
                        Component: (await import("@/features/contacts/DepartmentPage")).DepartmentPage,
                      }),
                    },
                    {
                      path: "members/:userid",
                      lazy: async () => ({
                        Component: (await import("@/features/contacts/MemberPage")).MemberPage,
                      }),
                    },
                  ],
                },
                {
                  path: "dings/:dingId?",
                  lazy: async () => ({ Component: (await import("@/features/ding/DingPage")).DingPage }),
                },
                {
                  path: "settings/notifications",
                  lazy: async () => ({ Component: (await import("@/features/calm/CalmPage")).CalmPage }),
                },
                {
                  path: "admin/import",
                  lazy: async () => ({
                    Component: (await import("@/features/imports/ImportPage")).ImportPage,
                  }),
                },
                { path: "*", element: <NotFoundPage /> },
              ],
            },
          ],
        },
      ],
    },
  ],
  { basename: "/w" },
);
