#!/bin/sh
# Stands in for a program inside the jail: records argv, directory and (for
# clients that read code from it) standard input, then exits 0, runs the real
# program, or runs the inner command that the real program would run.
#
# * A record is NUL-terminated fields: number of words, each word, directory, stdin.
# * Only shell built-ins and /oracle/real/* are used, so PATH may be anything.
#
# Not here: which names are stubs and which are real (programs.py).

name=${0##*/}
real=/oracle/real

record() { # $1 = standard input, the rest = argv
    input=$1
    shift
    printf '%s\0' "$#" "$@" "$PWD" "$input" >>/oracle/log
}

taken() { # standard input as one bounded text
    $real/head -c 65536
}

run_text() { # a script that some carrier hands to a shell
    exec $real/bash -c "$1"
}

# Drops leading options. $1 = space separated options that take a value in the
# next word; the rest = argv. Leaves the remaining words in `rest_count`.
skip_options() {
    valued=" $1 "
    shift
    before=$#
    while [ $# -gt 0 ]; do
        case $1 in
        --) shift; break ;;
        -*=*) shift ;;
        -*)
            case $valued in
            *" $1 "*) shift; [ $# -gt 0 ] && shift ;;
            *) shift ;;
            esac
            ;;
        *) break ;;
        esac
    done
    used=$((before - $#))
}

inner() { # runs argv, if there is one; leading NAME=value words are environment
    [ $# -gt 0 ] || exit 0
    case $1 in
    [A-Za-z_]*=*) exec $real/env "$@" ;;
    esac
    exec "$@"
}

shell_or_inner() { # a remote or new shell: words are joined, none means stdin
    [ $# -gt 0 ] && run_text "$*"
    exec $real/bash -s
}

case $name in
psql | mysql | mariadb | sqlite3 | mongosh | mongo | redis-cli | valkey-cli | nc | ncat | cqlsh | clickhouse-client | crontab | mail | sqlcmd | cockroach | duckdb | bq | rails | influx | cypher-shell | dbshell | tclsh | jshell | osascript | emacs)
    record "$(taken)" "$name" "$@"
    ;;
kubectl | oc)
    case " $* " in
    *" - "*) record "$(taken)" "$name" "$@" ;;
    *) record '' "$name" "$@" ;;
    esac
    ;;
*) record '' "$name" "$@" ;;
esac

case $name in
cp | mv | ln | chmod | chown | chgrp | truncate | dd | shred | tee | unlink | find | rmdir | install | chmod | patch)
    [ -x "$real/$name" ] && exec "$real/$name" "$@"
    ;;
sudo | doas)
    for word in "$@"; do
        case $word in
        -i | -s | --login | --shell) shell=1 ;;
        -*) ;;
        *) break ;;
        esac
    done
    skip_options '-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot' "$@"
    shift $used
    [ -n "$shell" ] && [ $# -eq 0 ] && exec $real/bash -s
    inner "$@"
    ;;
fakeroot | setpriv | unbuffer | firejail | dbus-run-session | proot | catchsegv | ltrace | strace | numactl | taskset | chrt | ionice | unshare | nsenter | systemd-run | runuser | prlimit | choom | start-stop-daemon | gosu | su-exec | bwrap)
    case $name in
    runuser | su) ;;
    start-stop-daemon)
        while [ $# -gt 0 ]; do
            [ "$1" = --exec ] && program=$2
            [ "$1" = -- ] && { shift; inner "$program" "$@"; }
            shift
        done
        exit 0
        ;;
    esac
    skip_options '-o -e -p -c -N -t -u -b --reuid --regid -U --user -n -C -w' "$@"
    case $name:$1 in
    unshare:* | nsenter:* | systemd-run:*) ;;
    esac
    # options whose value is optional differ per program; the forms used by the tests:
    case $name in
    strace | ltrace) ;;
    chrt) skip_options '' "$@"; shift $used; case $1 in [0-9]*) shift ;; esac; inner "$@" ;;
    taskset) case $1 in -c | -p) shift 2 ;; *) shift ;; esac; inner "$@" ;;
    unshare | systemd-run | firejail) skip_options '-u -p --unit' "$@" ;;
    ionice) skip_options '-c -n -p' "$@" ;;
    gosu | su-exec) shift; inner "$@" ;;
    esac
    shift $used
    inner "$@"
    ;;
chroot)
    skip_options '' "$@"
    shift $used
    shift
    inner "$@"
    ;;
su)
    while [ $# -gt 0 ]; do
        case $1 in
        -c | --command) run_text "$2" ;;
        --command=*) run_text "${1#*=}" ;;
        esac
        shift
    done
    exec $real/bash -s
    ;;
ssh | autossh)
    valued='-b -B -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w'
    skip_options "$valued" "$@"
    shift $used
    [ $# -gt 0 ] && shift
    skip_options "$valued" "$@"
    shift $used
    shell_or_inner "$@"
    ;;
docker | podman | nerdctl | docker-compose | lxc)
    [ "$name" = lxc ] && { [ "$1" = exec ] || exit 0; shift 2; [ "$1" = -- ] && shift; inner "$@"; }
    skip_options '-H --host -c --context -l --log-level --config -f --file -p --project-name --profile --env-file' "$@"
    shift $used
    case $1 in
    compose)
        shift
        skip_options '-f --file -p --project-name --profile --env-file --project-directory' "$@"
        shift $used
        ;;
    container) shift ;;
    esac
    case $1 in exec | run) ;; *) exit 0 ;; esac
    verb=$1
    shift
    skip_options '-u --user -w --workdir -e --env --env-file --detach-keys --index -v --volume -p --publish --name --network --mount --entrypoint -l --label -m --memory --cpus -h --hostname --platform --pull --ulimit --add-host --cap-add --cap-drop --device --gpus --restart --tmpfs --log-driver' "$@"
    shift $used
    [ $# -gt 0 ] && shift
    inner "$@"
    ;;
kubectl | oc | k3s)
    [ "$name" = k3s ] && { shift; exec kubectl "$@"; }
    for word in "$@"; do [ "$word" = exec ] && verb=exec; [ "$word" = -- ] && dashes=1; done
    if [ "$verb" = exec ] && [ -n "$dashes" ]; then
        while [ "$1" != -- ]; do shift; done
        shift
        inner "$@"
    fi
    ;;
busybox | toybox)
    case $1 in sh | ash) shift; exec $real/dash "$@" ;; esac
    inner "$@"
    ;;
watch | watchexec | script | hyperfine | entr)
    while [ $# -gt 0 ]; do
        case $1 in
        -c | -qc | -ec | -qec) [ "$name" = script ] && run_text "$2"; shift ;;
        --command=*) run_text "${1#*=}" ;;
        --prepare | --setup | --cleanup) $real/bash -c "$2"; shift ;;
        -s) [ "$name" = entr ] && run_text "$2"; shift ;;
        -n | --interval | -e | -w | -i | -r)
            case $name:$1 in watch:-n | watch:--interval | watchexec:-e | watchexec:-w | hyperfine:-w | hyperfine:-r) shift ;; esac
            shift
            continue
            ;;
        --) shift; break ;;
        -*) ;;
        *) break ;;
        esac
        shift
    done
    [ "$name" = script ] && exit 0
    [ "$name" = entr ] || [ "$name" = watchexec ] && inner "$@"
    [ $# -gt 0 ] && run_text "$*"
    ;;
parallel)
    items=
    template=
    while [ $# -gt 0 ]; do
        case $1 in
        --dry-run | --dryrun) exit 0 ;;
        -j | --jobs | -n | -a) shift 2; continue ;;
        -*) shift; continue ;;
        esac
        break
    done
    while [ $# -gt 0 ] && [ "$1" != ::: ]; do template="$template $1"; shift; done
    [ "$1" = ::: ] && shift
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; else $real/cat; fi |
        while IFS= read -r item; do
            case $template in
            *'{}'*) $real/bash -c "$(printf '%s' "$template" | $real/sed "s|{}|$item|g")" ;;
            *) $real/bash -c "$template $item" ;;
            esac
        done
    ;;
at | batch)
    exec $real/dash -s
    ;;
npx | bunx | pnpx)
    while [ $# -gt 0 ]; do
        case $1 in
        -c | --call) run_text "$2" ;;
        -p | --package) shift 2 ;;
        --) shift; break ;;
        -*) shift ;;
        *) break ;;
        esac
    done
    [ "$1" = rimraf ] || [ "$1" = prisma ] || [ "$1" = vercel ] || [ "$1" = lerna ] && inner "$@"
    ;;
npm | pnpm | yarn | bun)
    case $1 in
    exec | dlx | x)
        shift
        exec npx "$@"
        ;;
    esac
    ;;
poetry | pipenv | uv | bundle | rye | pdm | hatch | direnv | mise | asdf | rbenv | pyenv | conda | heroku | aws-vault | op | doppler | dotenv | chamber | teller | infisical)
    case $1 in
    run | exec) shift ;;
    *) case $name in dotenv | doppler) ;; *) exit 0 ;; esac ;;
    esac
    case $name in direnv | aws-vault | chamber) shift ;; esac
    [ "$name" = conda ] && { skip_options '-n --name -p' "$@"; shift $used; }
    [ "$name" = dotenv ] && { skip_options '-e -f' "$@"; shift $used; [ "$1" = run ] && shift; }
    [ "$1" = -- ] && shift
    inner "$@"
    ;;
nix-shell | nix)
    while [ $# -gt 0 ]; do
        case $1 in
        --run | --command) [ "$name" = nix-shell ] && run_text "$2"; shift; inner "$@" ;;
        -c) shift; inner "$@" ;;
        esac
        shift
    done
    ;;
git)
    while [ $# -gt 0 ]; do
        case $1 in
        -C | --git-dir | --work-tree) shift 2 ;;
        -c)
            case $2 in
            alias.*=!*) text=${2#*=!} ;;
            core.editor=* | core.sshCommand=*) text=${2#*=} ;;
            esac
            shift 2
            ;;
        -*) shift ;;
        *) break ;;
        esac
    done
    [ -n "$text" ] && run_text "$text"
    [ "$1" = commit ] && [ -n "$GIT_EDITOR" ] && run_text "$GIT_EDITOR"
    case $1 in fetch | pull | push) [ -n "$GIT_SSH_COMMAND" ] && run_text "$GIT_SSH_COMMAND" ;; esac
    case $1 in
    submodule)
        [ "$2" = --quiet ] && shift
        [ "$2" = foreach ] || exit 0
        shift 2
        while [ "$1" = --recursive ] || [ "$1" = --quiet ]; do shift; done
        [ $# -eq 1 ] && run_text "$1"
        inner "$@"
        ;;
    bisect) [ "$2" = run ] && { shift 2; inner "$@"; } ;;
    rebase)
        while [ $# -gt 0 ]; do
            case $1 in
            -x | --exec) run_text "$2" ;;
            --exec=*) run_text "${1#*=}" ;;
            esac
            shift
        done
        ;;
    rev-parse) printf '%s\n' /home/dev/repo ;;
    ls-files) $real/find . -type f ;;
    branch) [ "$2" = --show-current ] && printf '%s\n' feature/x ;;
    esac
    ;;
tmux | screen)
    case $1 in
    send-keys)
        shift
        [ "$1" = -t ] && shift 2
        run_text "$1"
        ;;
    new-session | new-window | new | neww) shift; skip_options '-s -n -t -c' "$@"; shift $used; [ $# -gt 0 ] && run_text "$*" ;;
    -dm | -dmS) shift; [ "$name" = screen ] && inner "$@" ;;
    esac
    ;;
esac
exit 0
