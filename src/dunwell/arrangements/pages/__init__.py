"""The arrangements' own pages: what waits for approval, what the host was asked, and whether a certificate is genuine."""
