"""Who may disturb whom, when: the badge rule, quiet hours, and folders."""
