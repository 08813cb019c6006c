package dev.kapal.runtime.oci;

import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A further process in a container. Where the runtime has a kernel of its own, the host's process
 * only waits for it: a signal to that one would let the real one go on. gVisor's {@code runsc exec
 * --internal-pid-file} says which number the real one has inside, and {@code runsc kill --pid}
 * takes that number.
 */
final class OciExec extends OciProcess {
  private static final int KILL = 9;
  private final OciContainer container;

  OciExec(OciContainer container, int number, boolean terminal) {
    super(container.owner(), number, terminal);
    this.container = container;
  }

  /** What asks the runtime for the number, where there is one. */
  List<String> asks() {
    return numbered() ? List.of("--internal-pid-file", owner().path(file())) : List.of();
  }

  private boolean numbered() {
    return owner().host().config().numbersInside();
  }

  private String file() {
    return "inside." + number();
  }

  private Optional<String> inside() {
    if (!numbered()) {
      return Optional.empty();
    }
    return owner()
        .files()
        .read(file())
        .map(bytes -> new String(bytes, StandardCharsets.US_ASCII).strip())
        .filter(text -> text.matches("[1-9][0-9]{0,9}"));
  }

  @Override
  public void signal(int signal) {
    Optional<String> inside = inside();
    if (inside.isEmpty() || exitStatus().isPresent()) {
      super.signal(signal);
      return;
    }
    try {
      container.signalInside(inside.get(), signal);
    } catch (ContainerException e) {
      if (exitStatus().isPresent()) {
        return;
      }
      if (signal != KILL) {
        throw e;
      }
      super.signal(signal);
    }
  }

  /** Its number is of no use any more. */
  void gone() {
    if (numbered()) {
      owner().files().remove(file());
    }
  }
}
