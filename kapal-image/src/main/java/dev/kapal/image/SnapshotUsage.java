package dev.kapal.image;

/**
 * What a writable layer takes.
 *
 * @param bytes of its files, as docker counts: one with several names once, directories none
 * @param inodes files of any kind
 */
public record SnapshotUsage(long bytes, long inodes) {}
