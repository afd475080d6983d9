"""A POSIX shell with busybox ash's ways: parser, expansion, interpreter, builtins."""
