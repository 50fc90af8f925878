"""The domain of radloop: one folder a room, one door a room; no orchestration is imported here."""
