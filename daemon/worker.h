/* daemon/worker.h - the worker's side: what credwatchd --worker=KIND runs. See daemon/ipc.h for the messages.
 *
 * SETUP (JSON): "key" (base64 of the fingerprint key; wiped after use), "conf" (the system's configuration as YAML, as
 * cw_conf_dump() writes it), "object_max" (bytes), "memory" (bytes), "roots" (absolute paths below which repositories may lie),
 * "cache" (folder of verdict stores, one for each repository; repository workers only).
 * REPOSITORY (JSON): "path" (absolute), "action": "scan" (a whole audit with the verdict store) or "refs" (fingerprint of the refs only),
 * "findings": whether RECORDs are wanted; "known" (with "scan"): when it is the fingerprint that REFS tells, nothing is scanned, and DONE has
 * "unchanged": true: looking and scanning are one process.
 * REFS (JSON): "fingerprint" (hex, SHA-256 over the sorted lines "oid ref\n" of all refs and HEAD), "refs" (their number), "watch"
 * (absolute paths of the folders whose changes may move a ref: gitdir, refs and all below it, worktrees).
 * REFS comes before all RECORDs, and says what was there before the scan began.
 * RECORD of a finding: as a line of `--format jsonl`, those that the policy suppresses too, with their "suppressed" member.
 * DONE of a repository (a Varlink reply as in daemon/ipc.h): parameters "findings" (number), "coverage"; or "unchanged".
 *
 * Order of a start: read SETUP, map the rules, open what is needed, start libraries, then the sandbox, then READY, then the first job. A
 * content worker makes no file system calls at all after that. A repository worker may then read below the roots; with the job it gives up
 * all of the cache but the repository's part, and once it knows the repository's folders all others. It maps the rules when it needs them.
 * READY brings a line for the log when the kernel lacks something, else nothing. */
#ifndef CW_DAEMON_WORKER_H
#define CW_DAEMON_WORKER_H

/* Never return to the parent's code; the result is the exit status. */
int cw_worker_content_main(void);
int cw_worker_repository_main(void);

#endif
