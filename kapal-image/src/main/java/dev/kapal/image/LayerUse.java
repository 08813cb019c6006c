package dev.kapal.image;

import java.nio.file.Path;

/**
 * What the unpacked layers of all images take.
 *
 * @param directory the store's
 * @param bytes sum of the lengths of their files
 * @param inodes files of any kind
 */
public record LayerUse(Path directory, long bytes, long inodes) {}
