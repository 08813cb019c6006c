package dev.kapal.runtime.oci;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.driver.Strays;
import dev.kapal.runtime.driver.Trees;
import java.time.Duration;
import java.util.List;

/** What a runtime's program is asked about one container. */
record OciCommands(OciSandbox sandbox, String id, int number) {
  private static final System.Logger LOG = System.getLogger(OciCommands.class.getName());

  /**
   * Runs a command.
   *
   * @param doing what it does, for messages
   * @return what it printed
   */
  String run(String doing, Duration limit, String... arguments) {
    return sandbox.command(
        doing + " container " + id + " with " + sandbox.host().config().name(),
        limit,
        List.of(arguments));
  }

  /** How long an ordinary command may take. */
  Duration limit() {
    return sandbox.host().config().commandTimeout();
  }

  /** How long a creation or a start may take. */
  Duration patience() {
    return sandbox.host().config().createTimeout();
  }

  /** How the runtime sees it, such as {@code running}. */
  String state() {
    return EventStats.status(run("ask for the state of", limit(), "state", id));
  }

  /**
   * Has the runtime forget it. Where the runtime cannot (any more), its state is removed by hand,
   * and what it started is found by its mark.
   */
  void forget() {
    Linux linux = sandbox.host().linux();
    try (Fd root = linux.descriptors().open(sandbox.root(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      if (!Trees.exists(linux, root, id) && sandbox.host().config().tier() == Tier.NATIVE) {
        return;
      }
      try {
        var _ = run("delete", limit(), "delete", "--force", id);
      } catch (ContainerException e) {
        LOG.log(System.Logger.Level.WARNING, e.getMessage());
        Strays.kill(linux, 0, sandbox.mark(number));
        Trees.remove(linux, root, id);
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw new ContainerException.Failed(
            "The runtime's state of container " + id + " cannot be removed: " + e.getMessage(), e);
      }
    }
  }
}
