package dev.kapal.runtime.seccomp;

import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.oci.runtime.SeccompAction;
import dev.kapal.oci.runtime.SeccompOperator;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The filter that containers get unless they ask for another one: what ordinary programs need is
 * allowed, what acts on the machine or is known for trouble fails with EPERM. The groups are data,
 * see {@code default-profile.txt}.
 */
public final class DefaultProfile {
  /** All CLONE_NEW* flags of clone(2). */
  private static final long NEW_NAMESPACES = 0x7e020000L;

  private static final int ENOSYS = 38;
  private static final int AF_VSOCK = 40;

  /** PER_LINUX, PER_LINUX32, UNAME26 with each, and the question which one it is. */
  private static final List<Long> PERSONALITIES = List.of(0L, 8L, 0x20000L, 0x20008L, 0xffffffffL);

  private static final Map<String, List<String>> GROUPS = groups();

  private DefaultProfile() {}

  /**
   * The filter for a container on this host whose bounding set has these capabilities.
   *
   * @param capabilities names such as {@code CAP_CHOWN}
   */
  public static Seccomp filter(Collection<String> capabilities) {
    return filter(Arch.host(), capabilities);
  }

  /** The same for another architecture, with those that its processor runs beside its own. */
  static Seccomp filter(Arch arch, Collection<String> capabilities) {
    Set<String> caps = Set.copyOf(capabilities);
    List<Seccomp.Rule> rules = new ArrayList<>();
    rules.add(allow(GROUPS.getOrDefault("allow", List.of())));
    GROUPS.forEach((group, names) -> {
      if (group.startsWith("with ") && caps.contains(group.substring(5))) {
        rules.add(allow(names));
      }
    });
    for (long personality : PERSONALITIES) {
      rules.add(allowIf("personality", new Seccomp.Arg(0, personality, 0, SeccompOperator.EQ)));
    }
    rules.add(allowIf("socket", new Seccomp.Arg(0, AF_VSOCK, 0, SeccompOperator.NE)));
    if (caps.contains("CAP_SYS_ADMIN")) {
      rules.add(allow(List.of("clone", "clone3")));
    } else {
      rules.add(allowIf("clone", new Seccomp.Arg(0, NEW_NAMESPACES, 0, SeccompOperator.MASKED_EQ)));
      // Its flags lie in memory, where a filter cannot look; with ENOSYS C libraries fall back to
      // clone.
      rules.add(
          new Seccomp.Rule(List.of("clone3"), SeccompAction.ERRNO, Optional.of(ENOSYS), List.of()));
    }
    return Seccomp.empty()
        .withDefaultAction(SeccompAction.ERRNO)
        .withDefaultErrnoRet(1)
        .withArchitectures(
            arch == Arch.ARM64
                ? List.of("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM")
                : List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"))
        .withSyscalls(rules);
  }

  private static Seccomp.Rule allow(List<String> names) {
    return new Seccomp.Rule(names, SeccompAction.ALLOW, Optional.empty(), List.of());
  }

  private static Seccomp.Rule allowIf(String name, Seccomp.Arg arg) {
    return new Seccomp.Rule(List.of(name), SeccompAction.ALLOW, Optional.empty(), List.of(arg));
  }

  /** Head line → names. */
  static Map<String, List<String>> groups() {
    try (InputStream in = DefaultProfile.class.getResourceAsStream("default-profile.txt")) {
      if (in == null) {
        throw new IllegalStateException("the module lacks default-profile.txt");
      }
      Map<String, List<String>> groups = new LinkedHashMap<>();
      List<String> current = new ArrayList<>();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
        if (line.startsWith("  ")) {
          current.addAll(List.of(line.strip().split(" ")));
        } else if (!line.isEmpty() && !line.startsWith("#")) {
          current = groups.computeIfAbsent(line, _ -> new ArrayList<>());
        }
      }
      return groups;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
