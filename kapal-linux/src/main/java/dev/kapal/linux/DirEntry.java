package dev.kapal.linux;

/**
 * One entry of a directory; "." and ".." are never among them.
 *
 * @param name in the form of {@link PathBytes}
 * @param type may be {@link FileType#UNKNOWN}: then ask {@link Descriptors#fstatat}
 * @param ino inode number
 */
public record DirEntry(String name, FileType type, long ino) {}
