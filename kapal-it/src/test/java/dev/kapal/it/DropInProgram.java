package dev.kapal.it;

import java.nio.file.Path;

/** A program that is kapal-oci beside a daemon, for tests in other packages. */
public final class DropInProgram implements AutoCloseable {
  private final DropIn dropIn = DropIn.withDaemon();
  private final Path path = dropIn.wrapper();

  /** Where it is. */
  public Path path() {
    return path;
  }

  @Override
  public void close() {
    dropIn.close();
  }
}
