package dev.kapal.runtime.monitor;

import dev.kapal.linux.Arch;
import dev.kapal.runtime.ContainerException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The native program as Kapal carries it: one static binary that goes by several names. */
public final class NativeProgram {
  /** The name by which it measures and tries things. */
  public static final String PROBE = "kapal-probe";

  private NativeProgram() {}

  /**
   * Its bytes.
   *
   * @throws ContainerException.Unsupported there is none for this machine
   */
  public static byte[] content() {
    String name = "/dev/kapal/native/kapal-" + (Arch.host() == Arch.ARM64 ? "aarch64" : "x86_64");
    try (InputStream in = NativeProgram.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new ContainerException.Unsupported(
            "The native program for this machine is missing from Kapal: " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("The native program cannot be read", e);
    }
  }
}
