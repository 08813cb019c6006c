package dev.kapal.daemon;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Identity;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the kernel can do, kept between JVMs that run one command each: probing takes longer than
 * most commands. A file holds for one boot, and for processes with the same rights, filters and
 * user namespace, on which the answers depend. What is not this user's alone is not read.
 */
final class FeatureCache {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final int LONGEST = 16 << 10;
  private static final List<String> KEYS =
      List.of("CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Seccomp_filters");

  private final Path directory;
  private final Identity who;

  FeatureCache(Path directory, Identity who) {
    this.directory = directory;
    this.who = who;
  }

  /** From the file, else probed and written. */
  KernelFeatures features() {
    Optional<String> name = key();
    Optional<KernelFeatures> known = name.flatMap(this::read);
    if (known.isPresent()) {
      return known.get();
    }
    KernelFeatures probed = KernelFeatures.host();
    name.ifPresent(n -> write(n, probed));
    return probed;
  }

  private static Optional<String> key() {
    try {
      StringBuilder text = new StringBuilder();
      text.append(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")));
      try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
        lines.filter(l -> KEYS.contains(l.split(":", 2)[0])).forEach(text::append);
      }
      text.append(Files.readSymbolicLink(Path.of("/proc/self/ns/user")));
      text.append(System.getProperty("kapal.home", ""));
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return Optional.of(".kernel-" + HexFormat.of().formatHex(hash, 0, 12));
    } catch (IOException | NoSuchAlgorithmException e) {
      return Optional.empty();
    }
  }

  private Optional<KernelFeatures> read(String name) {
    Path file = directory.resolve(name);
    try {
      var mode =
          Files.readAttributes(file, "unix:uid,mode,size", java.nio.file.LinkOption.NOFOLLOW_LINKS);
      boolean ours =
          Integer.valueOf((int) who.uid()).equals(mode.get("uid"))
              && Integer.valueOf(0100600).equals(mode.get("mode"));
      if (!ours || !(mode.get("size") instanceof Long size) || size > LONGEST) {
        return Optional.empty();
      }
      return Optional.ofNullable(MAPPER.readValue(Files.readAllBytes(file), KernelFeatures.class));
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  private void write(String name, KernelFeatures features) {
    Linux linux = Linux.with(features);
    try {
      Files.createDirectories(
          directory,
          java.nio.file.attribute.PosixFilePermissions.asFileAttribute(
              java.nio.file.attribute.PosixFilePermissions.fromString("rwx------")));
      String temporary = name + "." + linux.processes().self();
      try (Fd at =
              linux.descriptors().open(directory.toString(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
          Fd file =
              linux
                  .descriptors()
                  .openat(at, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600)) {
        linux.descriptors().writeFully(file, MAPPER.writeValueAsBytes(features));
        linux.descriptors().renameat(at, temporary, at, name);
      }
    } catch (IOException | ErrnoException e) {
      // It is probed again then.
    }
  }
}
