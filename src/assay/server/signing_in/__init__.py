"""Who may come in, and how: passwords, passkeys, OpenID Connect, sessions; tokens of pipelines and of CI jobs.

Nothing here decides what somebody may do (`assay.server.permits` does). What opens a door is kept as a digest, is
compared in constant time, is never written to a log, and is told in no message.
"""
