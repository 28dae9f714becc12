//! Disks, volumes, backups and file services.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::{program, single};

pub static PROGRAMS: &[Program] = &[
    program("fdisk cfdisk", "", &[row("", "").with("-l --list"), row("*", "disk_format")]),
    program(
        "sfdisk",
        "",
        &[row("", "").with("-l -d --list --dump --verify -V -J"), row("*", "disk_format")],
    ),
    program("gdisk sgdisk", "", &[row("", "").with("-p --print -i -l"), row("*", "disk_format")]),
    program(
        "parted",
        "",
        &[row("", "").with("-l --list"), row("… print", ""), row("* …", "disk_format")],
    ),
    program(
        "cryptsetup",
        "",
        &[row("luksFormat|erase|luksErase|reencrypt|luksKillSlot|luksRemoveKey", "disk_format")],
    ),
    program(
        "zfs zpool",
        "-o -t",
        &[
            row("destroy|labelclear", "disk_format").without("-n"),
            row("rollback", "volume_delete"),
            row("create", "disk_format").with("-f"),
        ],
    ),
    program(
        "lvremove vgremove pvremove lvreduce",
        "",
        &[row("*", "disk_format").without("-t --test")],
    ),
    program("lvm", "", &[row("lvremove|vgremove|pvremove", "disk_format")]),
    program(
        "btrfs",
        "",
        &[row("subvolume|sub delete|del", "disk_format"), row("device remove", "disk_format")],
    ),
    program(
        "mdadm",
        "",
        &[row("", "disk_format").with("--zero-superblock --remove --fail -C --create")],
    ),
    program("nvme", "", &[row("format|sanitize|delete-ns", "disk_format")]),
    program(
        "hdparm",
        "",
        &[row("", "disk_format")
            .with("--security-erase --security-erase-enhanced --trim-sector-ranges")],
    ),
    single(
        "diskutil",
        "",
        &[
            row("eraseDisk|eraseVolume|partitionDisk|zeroDisk|secureErase|reformat", "disk_format"),
            row("apfs delete*", "disk_format"),
        ],
    ),
    program("tune2fs resize2fs xfs_repair fsck", "", &[fine("")]),
    program(
        "rclone",
        "--config --exclude --include --filter ",
        &[
            row("purge|delete|cleanup|rmdirs", "bucket_delete").without("-n -i"),
            row("deletefile", "object_delete"),
            row("sync", "bucket_mirror").without("-n -i"),
            row("move", "object_delete").without("-n"),
        ],
    ),
    program(
        "restic",
        "-r --repo -p --password-file",
        &[
            row("forget", "backup_delete"),
            row("… prune", "backup_delete"),
            row("key remove", "backup_delete"),
        ],
    ),
    program(
        "borg",
        "--remote-path",
        &[row("delete|prune", "backup_delete"), row("compact", "backup_delete")],
    ),
    program(
        "duplicity tarsnap",
        "",
        &[
            row("remove-*|cleanup", "backup_delete").with("--force"),
            row("", "backup_delete").with("-d --nuke"),
        ],
    ),
    program(
        "snapper timeshift",
        "-c",
        &[row("delete", "backup_delete"), row("", "backup_delete").with("--delete --delete-all")],
    ),
    program("tmutil", "", &[row("delete|deletelocalsnapshots|disable", "backup_delete")]),
    program(
        "hdfs hadoop",
        "",
        &[
            row("", "bucket_delete").with("-rm -rmr"),
            row("namenode", "disk_format").with("-format"),
        ],
    ),
    program("ceph rbd rados", "", &[row("… rm|delete|destroy|purge", "volume_delete")]),
    program("gluster", "", &[row("volume delete|reset", "volume_delete")]),
    program(
        "dvc git-annex",
        "",
        &[
            row("gc|drop|unused", "object_delete").with("-f --force -w -a"),
            row("destroy", "bucket_delete"),
        ],
    ),
];
