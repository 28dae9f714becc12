"""The files that a command finds inside the jail: a small repository and a home.

* Everything here is invented; no host file is ever copied in.

Not here: how the tree is mounted and compared (jail.py).
"""

HOME = "/home/dev"
REPO = HOME + "/repo"

_REPO_FILES = """
README.md Cargo.toml Cargo.lock package.json Makefile Dockerfile .gitignore .env .env.example .env.local
src/main.rs src/lib.rs src/index.ts src/app.py src/main.py src/old.rs src/a.rs lib/util.rs lib/x.js
docs/guide.md docs/old/a.md tests/test_a.py tests/fixtures/dump.sql scripts/clean.sh config/settings.yml
config/credentials.json config/credentials.yml config/secrets.yml migrations/001.sql logs/app.log
notes.txt a.txt b.txt app.db db.sqlite3 data/app.sqlite3 local.tmp keep.orig
target/debug/app target/doc.html node_modules/x/index.js dist/app.js build/out.o .git/config .git/HEAD
packages/web/node_modules/y.js web/dist/a.js sub/file.txt build-output/x infra/main.tf backend/manage.py
""".split()

FILES = {f"{REPO}/{name}": f"{name}\n" for name in _REPO_FILES}
FILES |= {
    f"{REPO}/list.txt": "src\nlib\n",
    f"{REPO}/dirs.txt": "src\nlib\n",
    f"{REPO}/branches.txt": "feature/x\n",
    f"{REPO}/tables.txt": "users\n",
    f"{REPO}/scripts/clean.sh": "#!/bin/sh\necho clean\n",
    f"{HOME}/.ssh/id_rsa": "not a real key\n",
    f"{HOME}/.ssh/id_rsa.pub": "ssh-rsa AAAA dev\n",
    f"{HOME}/.ssh/id_ed25519": "not a real key\n",
    f"{HOME}/.ssh/id_ed25519.pub": "ssh-ed25519 AAAA dev\n",
    f"{HOME}/.ssh/authorized_keys": "ssh-rsa AAAA dev\n",
    f"{HOME}/.ssh/config": "Host box\n",
    f"{HOME}/.aws/credentials": "[default]\n",
    f"{HOME}/.kube/config": "apiVersion: v1\n",
    f"{HOME}/.gitconfig": "[user]\n",
    f"{HOME}/.config/app.toml": "a = 1\n",
    f"{HOME}/projects/old/a.txt": "a\n",
    f"{HOME}/other/a.txt": "a\n",
    "/root/.ssh/id_rsa": "not a real key\n",
    "/root/.ssh/id_ed25519": "not a real key\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndev:x:0:0:dev:/home/dev:/bin/bash\n",
    "/etc/group": "root:x:0:\n",
    "/etc/shadow": "root:*:1::::::\n",
    "/etc/sudoers": "root ALL=(ALL) ALL\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/fstab": "\n",
    "/etc/crontab": "\n",
    "/etc/resolv.conf": "\n",
    "/etc/nginx/nginx.conf": "\n",
    "/srv/app/a.txt": "a\n",
    "/var/lib/app/a.txt": "a\n",
    "/opt/app/a.txt": "a\n",
    "/dev/sda": "disk\n",
    "/dev/sdb": "disk\n",
    "/dev/nvme0n1": "disk\n",
    "/tmp/x/a.txt": "a\n",
    "/tmp/empty/.keep": "",
    "/tmp/build/obj/a.o": "o\n",
    "/tmp/work-7/cache/a": "a\n",
    "/tmp/app.log": "log\n",
}
DIRECTORIES = ["/etc/sudoers.d", "/var/tmp", "/var/log", "/dev/shm", "/tmp"]

ENVIRONMENT = {
    "HOME": HOME,
    "USER": "dev",
    "LOGNAME": "dev",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
