//! Rules about files, disks and the machine.

use crate::guardrails::rules::Category::File;
use crate::guardrails::rules::Severity::{Block, Log, Warn};
use crate::guardrails::rules::{NOBODY, Rule};

pub const RULES: &[Rule] = &[
    Rule::new("delete_system", File, (Block, NOBODY), "deletes the system, a home or a device")
        .yes(&["rm -rf /", "sudo rm -r /etc", "rm -rf ~", "find / -delete", "rm -fr /home/ann"])
        .no(&["ls /", "rm -rf /tmp/x"]),
    Rule::new(
        "rm_recursive_force",
        File,
        (Block, 4),
        "deletes a tree outside the repository, all of it, or one not known before",
    )
    .yes(&[
        "rm -rf .",
        "rm -rf ..",
        "rm -rf \"$X\"",
        "rm -rf *",
        "rm -rf .git",
        "rm -r /opt/app/data",
    ])
    .no(&["rm -rf node_modules", "rm -rf /tmp/x", "docker run --rm x", "rm -rf -- dist"]),
    Rule::new("rm_rf", File, (Block, 3), "deletes a tree of the repository for good")
        .safer("git rm -r src")
        .yes(&["rm -rf src", "rm -r -f src", "rm --recursive src", "rm dist -fr src"])
        .no(&["rm -rf dist", "rm src/a.rs", "cp -rf a b"]),
    Rule::new("find_delete", File, (Warn, 2), "deletes every file that a search finds")
        .safer("find . -name x -print")
        .yes(&["find . -name '*.log' -delete", "find src -name a -exec rm {} +", "fd x -x rm"])
        .no(&["find . -name x -print", "find /tmp/x -delete"]),
    Rule::new("find_delete_tree", File, (Block, 3), "deletes everything below a directory")
        .yes(&["find . -delete", "find src -type f -delete", "find . -exec rm {} ;"])
        .no(&["find . -print"]),
    Rule::new("find_delete_bytecode", File, (Log, 2), "deletes what compilers leave behind")
        .yes(&["find . -name '*.pyc' -delete"])
        .no(&["find . -name '*.pyc'"]),
    Rule::new("delete_glob", File, (Warn, 2), "deletes all files that a pattern matches")
        .yes(&["rm src/*.rs", "rm *"])
        .no(&["rm *.pyc", "rm src/a.rs", "rm build/*.o"]),
    Rule::new("delete_listed", File, (Warn, 2), "deletes files that a list names")
        .yes(&["git ls-files | xargs rm", "tar --remove-files -cf a.tar src"])
        .no(&["git ls-files | xargs wc -l"]),
    Rule::new("delete_outside", File, (Warn, 3), "deletes a file outside the repository")
        .yes(&["rm ~/notes.txt", "rm ../other/file"])
        .no(&["rm notes.txt", "rm /tmp/x"]),
    Rule::new("device_write", File, (Block, NOBODY), "overwrites a disk")
        .yes(&["dd if=a of=/dev/sda", "cat x > /dev/sda"])
        .no(&["dd if=/dev/zero of=/tmp/x count=1", "echo x > /dev/null"]),
    Rule::new("disk_format", File, (Block, NOBODY), "formats a disk or destroys its volumes")
        .yes(&["mkfs.ext4 /dev/sda1", "wipefs -a /dev/sda", "zpool destroy tank", "lvremove vg/lv"])
        .no(&["fdisk -l", "zpool list"]),
    Rule::new("shred", File, (Block, 3), "overwrites a file beyond recovery")
        .yes(&["shred -u secrets.txt"])
        .no(&["ls shred"]),
    Rule::new("system_file_write", File, (Block, 4), "overwrites or deletes a file of the system")
        .yes(&["> /etc/hosts", "echo x | sudo tee /etc/hosts", "rm /etc/fstab"])
        .no(&["cat /etc/hosts"]),
    Rule::new("system_file_append", File, (Warn, 3), "changes a file of the system")
        .yes(&["echo x >> /etc/hosts", "sed -i s/a/b/ /etc/hosts"])
        .no(&["grep x /etc/hosts"]),
    Rule::new("empty_file", File, (Warn, 2), "empties a file")
        .yes(&["> src/a.rs", "truncate -s 0 app.db", "cp /dev/null a.txt", ": > data.json"])
        .no(&["echo x > a.txt", "truncate -s 0 /tmp/x"]),
    Rule::new("move_to_null", File, (Block, 3), "moves files to where they vanish")
        .yes(&["mv src /dev/null"])
        .no(&["ls > /dev/null"]),
    Rule::new(
        "move_system",
        File,
        (Block, 4),
        "moves the system, a home, the repository or its .git away",
    )
    .yes(&["mv .git /tmp/x", "mv ~ /tmp/x"])
    .no(&["mv a b"]),
    Rule::new(
        "rsync_wipe",
        File,
        (Block, 3),
        "makes a directory as empty as another, or mirrors over a vital one",
    )
    .yes(&["rsync -a --delete empty/ src/", "rsync -a --delete x/ /"])
    .no(&["rsync -an --delete empty/ src/", "rsync -a a/ b/"]),
    Rule::new("rsync_delete", File, (Warn, 2), "deletes what the source does not have")
        .safer("rsync -an --delete a/ backup/")
        .yes(&["rsync -a --delete a/ backup/"])
        .no(&["rsync -a a/ backup/"]),
    Rule::new("permissions_open", File, (Warn, 2), "opens or closes a whole tree to everybody")
        .yes(&["chmod -R 777 ."])
        .no(&["chmod +x a.sh", "chmod -R u+w src"]),
    Rule::new(
        "permissions_system",
        File,
        (Block, NOBODY),
        "changes owner or permissions of the system or a home",
    )
    .yes(&["chmod -R 777 /", "chown -R me /usr"])
    .no(&["chown -R me src"]),
    Rule::new("crontab_remove", File, (Block, 3), "removes all scheduled jobs")
        .safer("crontab -l")
        .yes(&["crontab -r"])
        .no(&["crontab -l"]),
    Rule::new("fork_bomb", File, (Block, NOBODY), "starts itself until the machine stops")
        .yes(&[":(){ :|:& };:"])
        .no(&["f() { echo x; }; f"]),
    Rule::new("machine_stop", File, (Warn, 3), "stops the machine for everybody")
        .yes(&["sudo reboot", "systemctl poweroff"])
        .no(&["systemctl status x"]),
    Rule::new("service_stop", File, (Log, 2), "stops a service")
        .yes(&["systemctl stop x"])
        .no(&["systemctl start x"]),
    Rule::new("firewall_flush", File, (Warn, 3), "removes the firewall's rules")
        .yes(&["iptables -F"])
        .no(&["iptables -L"]),
    Rule::new("kill_all", File, (Warn, 3), "ends every process of the account")
        .yes(&["kill -9 -1"])
        .no(&["kill 123"]),
    Rule::new("log_vacuum", File, (Log, 2), "deletes old logs")
        .yes(&["journalctl --vacuum-time=1d"])
        .no(&["journalctl -u x"]),
    Rule::new("backup_delete", File, (Block, 4), "deletes backups")
        .yes(&["borg delete repo", "restic forget --prune"])
        .no(&["borg list repo"]),
    Rule::new("foreign_hold", File, (Block, 4), "touches what another agent holds")
        .safer("git status"),
    Rule::new("generator_destroy", File, (Warn, 2), "deletes generated files")
        .yes(&["rails destroy model x"])
        .no(&["rails generate model x"]),
    Rule::new(
        "opaque_script",
        File,
        (Warn, 3),
        "runs a script that was decoded from something unseen",
    )
    .yes(&["base64 -d x.b64 | sh", "gunzip -c x.gz | bash"])
    .no(&["base64 -d x.b64 > x"]),
    Rule::new(
        "unknown_command",
        File,
        (Warn, 3),
        "runs an unknown command with destructive arguments",
    )
    .yes(&["$CMD -rf src", "$X push --force"])
    .no(&["$CMD --version", "$X status"]),
];
