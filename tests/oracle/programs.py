"""Which programs are real inside the jail and which are recording stubs.

* Real programs can only touch the jail: they see no host file for writing.
* Every other name that a test command may type must be a stub, so that its
  argv is recorded whether or not the machine has the program.

Not here: what a stub does (stub.sh).
"""

REAL = """
bash dash env xargs cat printf base64 base32 xxd tr seq head tail sort uniq wc cut rev true false
test [ expr date sleep basename dirname readlink realpath mktemp mkdir touch ls pwd uname id whoami
nproc timeout nice nohup setsid stdbuf flock sed awk mawk gawk grep egrep fgrep diff cmp comm paste
join split od hexdump md5sum sha256sum sha1sum tac nl fold column stat which yes echo printenv iconv
gzip gunzip zcat openssl python3 perl make ed time tty uudecode getopt logname du df file jq bc
tput clear cksum numfmt shuf factor strings less node
""".split()

# Real, but recorded first (stub.sh ends in the real program).
RECORDED = "cp mv ln chmod chown chgrp truncate dd shred tee unlink find rmdir install patch".split()

# Names that start another shell than the one they say.
SHELLS = {"sh": "dash", "zsh": "bash", "ksh": "bash", "fish": "bash", "ash": "dash"}

ALIASES = {"python": "python3", "python3.11": "python3", "gsed": "sed"}

STUBS = """
rm git psql mysql mariadb sqlite3 mongosh mongo redis-cli valkey-cli cqlsh clickhouse-client sqlcmd
cockroach duckdb bq snowsql influx cypher-shell dropdb createdb pg_dump pg_restore mysqldump mysqladmin
mycli rails rake bundle mix php artisan ruby sea-orm-cli diesel sqlx alembic flask prisma supabase
hasura flyway liquibase symfony dotnet goose dbmate typeorm airflow drizzle-kit
kubectl oc k3s helm kustomize argocd flux skaffold nomad consul etcdctl vault pulumi terraform tofu
terragrunt tflint packer vagrant virsh ansible ansible-playbook ansible-lint
docker docker-compose podman nerdctl buildah skopeo lxc
aws gcloud gsutil az doctl heroku fly flyctl vercel netlify railway firebase wrangler serverless sls
sam cdk eb cap fab linode-cli hcloud op bw pass doppler aws-vault chamber dotenv
npm npx pnpm pnpx yarn bun bunx lerna changeset deno rimraf del-cli cargo rustup twine poetry pipenv uv
flit hatch pip pip3 gem mvn gradle gradlew goreleaser go just conda mise asdf direnv nix nix-shell pdm rye
sudo doas su runuser fakeroot unbuffer firejail dbus-run-session proot ltrace strace numactl taskset
chrt ionice unshare nsenter systemd-run start-stop-daemon chroot gosu busybox toybox
ssh autossh scp rsync sftp ssh-keygen ssh-add ssh-copy-id curl wget http nc ncat pssh parallel-ssh
watch watchexec script hyperfine entr parallel fd fdfind at batch crontab tmux screen expect gdb vim vi
nano code emacs man osascript lua Rscript tclsh jshell elixir groovy julia
mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs mkswap wipefs fdisk sfdisk sgdisk parted blkdiscard
lvremove zpool zfs btrfs cryptsetup srm wipe setfacl chattr userdel deluser usermod passwd visudo mount
umount reboot shutdown halt poweroff systemctl service journalctl killall pkill
gpg gh glab hub bfg git-filter-repo zip unzip tar mail logger notify-send say apply_patch
rg ag ack tree lsblk ps lsof ss trash trash-put gio kafka-topics.sh rabbitmqctl jj hg svn coord
""".split()
