"""Programs that use the MQ Light client, to run and to copy from: send, recv, uiworkout, demo."""
