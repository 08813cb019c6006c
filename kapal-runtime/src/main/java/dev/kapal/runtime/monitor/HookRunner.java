package dev.kapal.runtime.monitor;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.oci.runtime.Hook;
import dev.kapal.runtime.ContainerException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs hooks in the runtime's namespaces. Their environment is the config's, nothing of ours
 * (CVE-2025-23266).
 */
public final class HookRunner {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private final Linux linux;

  HookRunner(Linux linux) {
    this.linux = linux;
  }

  /** The state that hooks read (runtime.md, State). */
  public static byte[] state(
      String id, String status, int pid, String bundle, Map<String, String> annotations) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("ociVersion", "1.3.0");
    state.put("id", id);
    state.put("status", status);
    if (pid > 0) {
      state.put("pid", pid);
    }
    state.put("bundle", bundle);
    if (!annotations.isEmpty()) {
      state.put("annotations", annotations);
    }
    return MAPPER.writeValueAsString(state).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Runs hooks in their order.
   *
   * @throws ContainerException.HookFailed at the first that fails
   */
  void run(String kind, List<Hook> hooks, byte[] state) {
    for (Hook hook : hooks) {
      run(kind, hook, state);
    }
  }

  private void run(String kind, Hook hook, byte[] state) {
    List<String> args = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
    try (Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      int pid =
          linux
              .processes()
              .spawn(hook.path(), args, hook.env(), Map.of(0, pipe.reader()), SpawnOptions.DEFAULT);
      pipe.reader().close();
      feed(pipe, state);
      Optional<ExitStatus> status = wait(pid, hook.timeout());
      if (status.isEmpty()) {
        linux.processes().kill(pid, 9);
        linux.processes().waitpid(pid);
        throw failed(
            kind, hook, "it did not end within " + hook.timeout().orElse(0) + " s and was killed");
      }
      if (status.get().shellCode() != 0) {
        throw failed(kind, hook, "it ended with code " + status.get().shellCode());
      }
    } catch (ErrnoException e) {
      throw failed(kind, hook, String.valueOf(e.getMessage()));
    }
  }

  private void feed(Descriptors.Pipe pipe, byte[] state) {
    try {
      linux.descriptors().writeFully(pipe.writer(), state);
    } catch (ErrnoException _) {
      // It does not read: its own business.
    } finally {
      pipe.writer().close();
    }
  }

  private Optional<ExitStatus> wait(int pid, Optional<Integer> seconds) {
    return seconds.isPresent()
        ? linux.processes().waitpid(pid, Duration.ofSeconds(seconds.get()))
        : Optional.of(linux.processes().waitpid(pid));
  }

  static ContainerException.HookFailed failed(String kind, Hook hook, String why) {
    return new ContainerException.HookFailed(
        "The " + kind + " hook " + hook.path() + " failed: " + why);
  }
}
