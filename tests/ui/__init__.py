"""The devserver's page in a real browser: `hatch run ui:test`.

Needs Debian's chromium and chromium-driver; `hatch test` does not come here.
"""
