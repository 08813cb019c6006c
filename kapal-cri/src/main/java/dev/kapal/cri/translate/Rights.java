package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Capability;
import dev.kapal.cri.proto.LinuxContainerSecurityContext;
import dev.kapal.cri.proto.LinuxSandboxSecurityContext;
import dev.kapal.cri.proto.SELinuxOption;
import dev.kapal.cri.proto.SecurityProfile;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.SecuritySpec.Seccomp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What pods and containers may do. */
final class Rights {
  private static final String LOCALHOST = "localhost/";
  private static final long LARGEST_PROFILE = 4 << 20;

  private Rights() {}

  /** Of a sandbox's own first process. */
  static SecuritySpec ofPod(LinuxSandboxSecurityContext context, Host host) {
    if (context.getPrivileged()) {
      return SecuritySpec.builder().privileged(true).seccomp(Seccomp.UNCONFINED).build();
    }
    SecuritySpec.Builder spec =
        SecuritySpec.builder()
            .noNewPrivileges(true)
            .seccomp(
                seccomp(
                    context.hasSeccomp() ? Optional.of(context.getSeccomp()) : Optional.empty(),
                    seccompPath(context)));
    apparmor(context.hasApparmor() ? Optional.of(context.getApparmor()) : Optional.empty(), "")
        .ifPresent(spec::apparmor);
    if (context.hasSelinuxOptions()) {
      selinux(context.getSelinuxOptions(), host).ifPresent(spec::selinuxLabel);
    }
    return spec.build();
  }

  /** Of a container. */
  static SecuritySpec ofContainer(LinuxContainerSecurityContext context, Host host) {
    Capability capabilities = context.getCapabilities();
    SecuritySpec.Builder spec =
        SecuritySpec.builder()
            .privileged(context.getPrivileged())
            .capAdd(capabilities.getAddCapabilitiesList())
            .capDrop(capabilities.getDropCapabilitiesList())
            .capAmbient(capabilities.getAddAmbientCapabilitiesList())
            .noNewPrivileges(context.getNoNewPrivs());
    if (context.hasSelinuxOptions()) {
      selinux(context.getSelinuxOptions(), host).ifPresent(spec::selinuxLabel);
    }
    if (context.getPrivileged()) {
      return spec.seccomp(Seccomp.UNCONFINED).build();
    }
    apparmor(
            context.hasApparmor() ? Optional.of(context.getApparmor()) : Optional.empty(),
            apparmorName(context))
        .ifPresent(spec::apparmor);
    return spec
        // Exactly these: an empty list masks nothing (procMount: Unmasked).
        .maskedPaths(context.getMaskedPathsList())
        .readonlyPaths(context.getReadonlyPathsList())
        .seccomp(
            seccomp(
                context.hasSeccomp() ? Optional.of(context.getSeccomp()) : Optional.empty(),
                seccompPath(context)))
        .build();
  }

  @SuppressWarnings("deprecation") // still sent by older kubelets
  private static String seccompPath(LinuxSandboxSecurityContext context) {
    return context.getSeccompProfilePath();
  }

  @SuppressWarnings("deprecation") // still sent by older kubelets
  private static String seccompPath(LinuxContainerSecurityContext context) {
    return context.getSeccompProfilePath();
  }

  @SuppressWarnings("deprecation") // still sent by older kubelets
  private static String apparmorName(LinuxContainerSecurityContext context) {
    return context.getApparmorProfile();
  }

  /** What is not said at all is unconfined: the kubelet says what it wants. */
  static Seccomp seccomp(Optional<SecurityProfile> profile, String deprecated) {
    if (profile.isEmpty()) {
      return switch (deprecated) {
        case "", "unconfined" -> Seccomp.UNCONFINED;
        case "runtime/default", "docker/default" -> Seccomp.BUILTIN;
        default -> {
          if (!deprecated.startsWith(LOCALHOST)) {
            throw new IllegalArgumentException(
                "the seccomp profile \""
                    + deprecated
                    + "\" is not one of runtime/default, unconfined, localhost/PATH");
          }
          yield file(deprecated);
        }
      };
    }
    return switch (profile.get().getProfileType()) {
      case RuntimeDefault -> Seccomp.BUILTIN;
      case Unconfined -> Seccomp.UNCONFINED;
      case Localhost -> file(profile.get().getLocalhostRef());
      case UNRECOGNIZED ->
          throw new IllegalArgumentException("the seccomp profile's type is unknown");
    };
  }

  private static Seccomp file(String reference) {
    String name =
        reference.startsWith(LOCALHOST) ? reference.substring(LOCALHOST.length()) : reference;
    Path path = Path.of(name);
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException(
          "the seccomp profile \"" + reference + "\" is not an absolute path of this node");
    }
    try {
      if (Files.size(path) > LARGEST_PROFILE) {
        throw new IllegalArgumentException("the seccomp profile " + path + " is longer than 4 MiB");
      }
      return Seccomp.ofProfile(Files.readString(path));
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(
          "there is no seccomp profile " + path + " on this node", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "cannot read the seccomp profile " + path + ": " + e.getMessage(), e);
    }
  }

  private static Optional<String> apparmor(Optional<SecurityProfile> profile, String deprecated) {
    if (profile.isEmpty()) {
      return switch (deprecated) {
        case "", "runtime/default" -> Optional.empty();
        case "unconfined" -> Optional.of("unconfined");
        default -> Optional.of(local(deprecated));
      };
    }
    return switch (profile.get().getProfileType()) {
      case RuntimeDefault -> Optional.empty();
      case Unconfined -> Optional.of("unconfined");
      case Localhost -> Optional.of(local(profile.get().getLocalhostRef()));
      case UNRECOGNIZED ->
          throw new IllegalArgumentException("the AppArmor profile's type is unknown");
    };
  }

  private static String local(String reference) {
    return reference.startsWith(LOCALHOST) ? reference.substring(LOCALHOST.length()) : reference;
  }

  private static Optional<String> selinux(SELinuxOption o, Host host) {
    List<String> parts = List.of(o.getUser(), o.getRole(), o.getType(), o.getLevel());
    if (!host.seLinux() || parts.stream().allMatch(String::isEmpty)) {
      return Optional.empty();
    }
    return Optional.of(
        String.join(
            ":",
            o.getUser().isEmpty() ? "system_u" : o.getUser(),
            o.getRole().isEmpty() ? "system_r" : o.getRole(),
            o.getType().isEmpty() ? "container_t" : o.getType(),
            o.getLevel().isEmpty() ? "s0" : o.getLevel()));
  }
}
