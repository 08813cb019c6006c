package dev.kapal.image;

/**
 * What a writable layer takes.
 *
 * @param bytes allocated on disk
 * @param inodes files of any kind
 */
public record SnapshotUsage(long bytes, long inodes) {}
