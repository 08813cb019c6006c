package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_NONBLOCK;
import static dev.kapal.linux.Fcntl.O_PATH;
import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The variables of a process as runc's callers know them: of a name that comes twice the last one
 * counts, and HOME is there, by the container's own list of users.
 */
final class Environment {
  private static final String USERS = "/etc/passwd";
  private static final int MOST = 1 << 20;

  private Environment() {}

  /**
   * Completes them.
   *
   * @param users the container's /etc/passwd; empty: it has none that can be read
   */
  static Process complete(Process process, Supplier<String> users) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String variable : process.env()) {
      int equals = variable.indexOf('=');
      String name = equals < 0 ? variable : variable.substring(0, equals);
      variables.remove(name);
      variables.put(name, variable);
    }
    if (variables.getOrDefault("HOME", "HOME=").equals("HOME=")) {
      variables.put("HOME", "HOME=" + home(users.get(), process.user().uid()));
    }
    return process.withEnv(new ArrayList<>(variables.values()));
  }

  private static String home(String users, long uid) {
    for (String line : users.lines().toList()) {
      String[] parts = line.split(":", -1);
      if (parts.length > 5 && parts[2].equals(Long.toString(uid)) && !parts[5].isEmpty()) {
        return parts[5];
      }
    }
    return "/";
  }

  /** The list of a container that is to be made. */
  static Supplier<String> users(Linux linux, RuntimeConfig config, Bundle bundle) {
    return () -> {
      for (Mount mount : config.mounts()) {
        if (ExternalMounts.bind(mount) && mount.destination().equals(USERS)) {
          Path source = bundle.path().resolve(mount.source()).normalize();
          return read(linux, Path.of("/"), source.toString());
        }
      }
      return read(linux, bundle.rootfs(), USERS);
    };
  }

  /** The list of one that runs. */
  static Supplier<String> users(Linux linux, int pid) {
    return () -> read(linux, Path.of("/proc/" + pid + "/root"), USERS);
  }

  /** Only a regular file: the container may have put anything there. */
  private static String read(Linux linux, Path root, String path) {
    try (Fd in = linux.descriptors().open(root.toString(), O_PATH | O_DIRECTORY);
        Fd file = linux.descriptors().openInRoot(in, path, O_RDONLY | O_NONBLOCK)) {
      return linux.descriptors().fstat(file).type() == FileType.REGULAR
          ? new String(linux.descriptors().readFully(file, MOST), StandardCharsets.UTF_8)
          : "";
    } catch (ErrnoException e) {
      return "";
    }
  }
}
