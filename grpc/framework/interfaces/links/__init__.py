"""The lowest contract: tickets, the links they travel over (`links`), and joints for links (`utilities`)."""
