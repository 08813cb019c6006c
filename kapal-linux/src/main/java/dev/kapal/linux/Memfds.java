package dev.kapal.linux;

/** Files in memory that nobody can change; see memfd_create(2). */
public interface Memfds {
  /** A sealed file with that content, standing at its start. */
  Fd create(String name, byte[] content);

  /** An empty file that can be written, and sealed later. */
  Fd createWritable(String name);

  /** Forbids any change: F_SEAL_SEAL, SHRINK, GROW and WRITE. */
  void seal(Fd memfd);

  /**
   * A sealed program, for {@link Processes#spawn(Fd, java.util.List, java.util.List, java.util.Map,
   * SpawnOptions)}. Where memfds may not be executed (vm.memfd_noexec=2) the content goes to an
   * unlinked file, mode 0500, in /run or /dev/shm, opened for reading only.
   */
  Fd executable(String name, byte[] content);
}
