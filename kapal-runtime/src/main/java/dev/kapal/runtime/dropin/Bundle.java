package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.oci.runtime.Root;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.RuntimeConfigValidator;
import dev.kapal.runtime.plan.LaunchInputs.SourceKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A bundle (bundle.md): where it is, and its config, with what the caller's environment adds.
 *
 * @param path absolute
 * @param config checked
 */
record Bundle(Path path, RuntimeConfig config) {
  private static final String NOTIFY = "/run/kapal-oci-notify.sock";

  static Bundle open(Session session, String given) {
    Linux linux = session.host().linux();
    Path path = Path.of(session.command().path()).resolve(given).normalize();
    try (Fd directory =
            linux
                .descriptors()
                .openat(
                    session.command().directory(),
                    session.command().file(given),
                    O_PATH | O_DIRECTORY);
        Fd file = linux.descriptors().openat(directory, "config.json", O_RDONLY)) {
      byte[] json = linux.descriptors().readFully(file, RuntimeConfigJson.MAX_BYTES);
      RuntimeConfig read = letters(RuntimeConfigJson.read(json));
      String root = read.root().map(Root::path).orElse("");
      RuntimeConfig config =
          read.withMounts(read.mounts().stream().map(m -> taken(m, path, root)).toList());
      RuntimeConfigValidator.check(config);
      return new Bundle(path, config);
    } catch (ErrnoException e) {
      throw new CommandFailed(
          e.is(Errno.ENOENT)
              ? "JSON specification file config.json not found in the bundle " + path
              : "the bundle " + path + " cannot be read: " + e.getMessage(),
          e);
    } catch (RuntimeConfigException e) {
      throw new CommandFailed(path.resolve("config.json") + ": " + e.getMessage(), e);
    }
  }

  /** Of what access of a device is, runc passes over letters that mean nothing. */
  private static RuntimeConfig letters(RuntimeConfig config) {
    return config
        .linux()
        .flatMap(linux ->
            linux
                .resources()
                .map(r ->
                    linux.withResources(
                        r.withDevices(r.devices().stream().map(Bundle::letters).toList()))))
        .map(config::withLinux)
        .orElse(config);
  }

  private static Resources.DeviceRule letters(Resources.DeviceRule rule) {
    String known = rule.access().replaceAll("[^rwm]", "");
    return known.isEmpty()
        ? rule
        : new Resources.DeviceRule(rule.allow(), rule.type(), rule.major(), rule.minor(), known);
  }

  /**
   * A mount as callers of runc mean it. They make control groups writable by leaving "ro" out;
   * Kapal's plans want "rw". Their destinations may be relative, or begin with where the root is.
   */
  static Mount taken(Mount mount, Path bundle, String rootfs) {
    List<String> options = new ArrayList<>(mount.options());
    if (mount.type().equals("cgroup") && !options.contains("ro")) {
      options.add("rw");
    }
    return new Mount(
        place(mount.destination(), bundle, rootfs),
        mount.type(),
        mount.source(),
        options,
        mount.uidMappings(),
        mount.gidMappings());
  }

  private static String place(String destination, Path bundle, String rootfs) {
    if (destination.indexOf('\0') >= 0 || rootfs.indexOf('\0') >= 0) {
      return destination; // No path; the check of the config says so.
    }
    Path root = bundle.resolve(rootfs).normalize();
    Path place = Path.of("/").resolve(destination).normalize();
    return root.getNameCount() > 0 && place.startsWith(root)
        ? "/" + root.relativize(place)
        : place.toString();
  }

  Process process() {
    return config
        .process()
        .orElseThrow(() -> new CommandFailed("the config has no process to run"));
  }

  Path rootfs() {
    return path.resolve(
            config.root().orElseThrow(() -> new CommandFailed("the config has no root")).path())
        .normalize();
  }

  /** With sockets that systemd gave the caller, which are the process's first descriptors. */
  Bundle withSockets(int count) {
    if (count == 0) {
      return this;
    }
    List<String> env = new ArrayList<>(process().env());
    env.add("LISTEN_FDS=" + count);
    env.add("LISTEN_PID=1");
    return new Bundle(path, config.withProcess(process().withEnv(env)));
  }

  /** With the caller's notify socket inside the container (sd_notify(3)). */
  Bundle withNotify(String socket) {
    if (!socket.startsWith("/")) {
      return this;
    }
    List<Mount> mounts = new ArrayList<>(config.mounts());
    mounts.add(Mount.of(NOTIFY, "bind", socket, "bind", "nosuid", "noexec", "nodev"));
    List<String> env = new ArrayList<>(process().env());
    env.add("NOTIFY_SOCKET=" + NOTIFY);
    return new Bundle(path, config.withMounts(mounts).withProcess(process().withEnv(env)));
  }

  /** What the sources of bind mounts are. */
  Map<String, SourceKind> sources(Linux linux) {
    Map<String, SourceKind> kinds = new HashMap<>();
    for (Mount mount : config.mounts()) {
      if (mount.type().equals("bind")
          || mount.options().contains("bind")
          || mount.options().contains("rbind")) {
        Path source = path.resolve(mount.source()).normalize();
        // What lies in the root is looked at in its turn: an earlier mount may make it.
        if (!source.startsWith(rootfs())) {
          kinds.put(source.toString(), kind(linux, source.toString()));
        }
      }
    }
    return kinds;
  }

  private static SourceKind kind(Linux linux, String path) {
    try (Fd fd = linux.descriptors().open(path, O_PATH)) {
      return linux.descriptors().fstat(fd).isDirectory() ? SourceKind.DIRECTORY : SourceKind.OTHER;
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        return SourceKind.MISSING;
      }
      throw new CommandFailed(
          "the mount source " + path + " cannot be looked at: " + e.errno().message(), e);
    }
  }
}
