package dev.kapal.image.tar;

/** What an entry is. */
public enum TarType {
  REGULAR,
  HARD_LINK,
  SYMLINK,
  CHARACTER,
  BLOCK,
  DIRECTORY,
  FIFO
}
