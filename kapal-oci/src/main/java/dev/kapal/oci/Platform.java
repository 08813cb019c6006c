package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What an image runs on (image-spec "Image Index", {@code platform}), in Go's names.
 *
 * @param os operating system, such as {@code linux}
 * @param architecture processor, such as {@code amd64}
 * @param variant version of the processor, such as {@code v7}; empty if none
 * @param osVersion version of the operating system; empty if none
 * @param osFeatures what the operating system must have
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Platform(
    String os,
    String architecture,
    String variant,
    @JsonProperty("os.version") String osVersion,
    @JsonProperty("os.features") List<String> osFeatures) {
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

  /** Copies. */
  public Platform {
    os = Copies.text(os);
    architecture = Copies.text(architecture);
    variant = Copies.text(variant);
    osVersion = Copies.text(osVersion);
    osFeatures = Copies.list(osFeatures);
  }

  /** A platform without a version of the operating system. */
  public Platform(String os, String architecture, String variant) {
    this(os, architecture, variant, "", List.of());
  }

  /** The platform of this machine. */
  public static Platform host() {
    return new Platform("linux", System.getProperty("os.arch", "amd64"), "").normalised();
  }

  /**
   * Parses {@code os/arch[/variant]}, {@code os} or {@code arch} as people write it; what is left
   * out is this machine's.
   *
   * @throws InvalidPlatformException if the text is none of these
   */
  public static Platform parse(String text) {
    String[] parts = text.split("/", -1);
    for (String part : parts) {
      if (!PART.matcher(part).matches()) {
        throw invalid(text);
      }
    }
    Platform host = host();
    return switch (parts.length) {
      case 1 -> {
        if (isOs(parts[0])) {
          yield new Platform(parts[0], host.architecture, host.variant).normalised();
        }
        Platform guess = new Platform(host.os, parts[0], "").normalised();
        if (!isArchitecture(guess.architecture)) {
          throw invalid(text);
        }
        yield guess;
      }
      case 2 -> new Platform(parts[0], parts[1], "").normalised();
      case 3 -> new Platform(parts[0], parts[1], parts[2]).normalised();
      default -> throw invalid(text);
    };
  }

  private static InvalidPlatformException invalid(String text) {
    return new InvalidPlatformException(
        "platform "
            + OciException.quote(text)
            + " is not understood: write os/architecture[/variant], such as linux/arm64/v8");
  }

  /** The same in canonical names: {@code x86_64} is {@code amd64}, {@code arm64/v8} is arm64. */
  public Platform normalised() {
    String newOs = os.toLowerCase(Locale.ROOT);
    String arch = architecture.toLowerCase(Locale.ROOT);
    String newVariant = variant.toLowerCase(Locale.ROOT);
    switch (arch) {
      case "i386", "i686", "x86" -> {
        arch = "386";
        newVariant = "";
      }
      case "x86_64", "x86-64", "amd64" -> {
        arch = "amd64";
        newVariant = newVariant.equals("v1") ? "" : newVariant;
      }
      case "aarch64", "arm64" -> {
        arch = "arm64";
        newVariant = newVariant.equals("8") || newVariant.equals("v8") ? "" : newVariant;
      }
      case "armhf" -> {
        arch = "arm";
        newVariant = "v7";
      }
      case "armel" -> {
        arch = "arm";
        newVariant = "v6";
      }
      case "arm" ->
          newVariant =
              switch (newVariant) {
                case "", "7" -> "v7";
                case "5", "6", "8" -> "v" + newVariant;
                default -> newVariant;
              };
      default -> {}
    }
    return new Platform(
        newOs.equals("macos") ? "darwin" : newOs, arch, newVariant, osVersion, osFeatures);
  }

  /**
   * What can run here, best first: itself, then older variants, then the 32-bit kind, in
   * containerd's order of preference.
   */
  @JsonIgnore
  public List<Platform> compatible() {
    Platform self = normalised();
    List<Platform> out = new ArrayList<>();
    switch (self.architecture) {
      case "amd64" -> {
        for (int v = version(self.variant, 1); v >= 1; v--) {
          out.add(new Platform(self.os, "amd64", v == 1 ? "" : "v" + v));
        }
        out.add(new Platform(self.os, "386", ""));
      }
      case "arm64" -> {
        out.add(self);
        if (!self.variant.isEmpty()) {
          out.add(new Platform(self.os, "arm64", ""));
        }
        arm(self.os, 8, out);
      }
      case "arm" -> arm(self.os, version(self.variant, 7), out);
      default -> out.add(self);
    }
    return List.copyOf(out);
  }

  private static void arm(String os, int from, List<Platform> out) {
    for (int v = from; v >= 5; v--) {
      out.add(new Platform(os, "arm", "v" + v));
    }
  }

  private static int version(String variant, int otherwise) {
    return variant.length() == 2 && variant.charAt(0) == 'v' && Character.isDigit(variant.charAt(1))
        ? variant.charAt(1) - '0'
        : otherwise;
  }

  /** Whether both mean one system, processor and variant, however they are spelt. */
  public boolean same(Platform other) {
    Platform a = normalised();
    Platform b = other.normalised();
    return a.os.equals(b.os)
        && a.architecture.equals(b.architecture)
        && a.variant.equals(b.variant);
  }

  /** How well this suits: 0 is best, empty is not at all. */
  public Optional<Integer> rank(Platform candidate) {
    List<Platform> choices = compatible();
    for (int i = 0; i < choices.size(); i++) {
      if (choices.get(i).same(candidate)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  /**
   * The descriptor of an index that suits this platform best; the first of equals. Descriptors
   * without a platform are the last resort. Attestations (platform {@code unknown}) never match.
   */
  public Optional<Descriptor> choose(List<Descriptor> manifests) {
    Optional<Descriptor> best = Optional.empty();
    int bestRank = Integer.MAX_VALUE;
    for (Descriptor each : manifests) {
      int rank =
          each.platform().map(p -> rank(p).orElse(Integer.MAX_VALUE)).orElse(Integer.MAX_VALUE - 1);
      if (rank < bestRank) {
        best = Optional.of(each);
        bestRank = rank;
      }
    }
    return best;
  }

  private static boolean isOs(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "linux",
          "windows",
          "darwin",
          "macos",
          "freebsd",
          "netbsd",
          "openbsd",
          "solaris",
          "aix" ->
          true;
      default -> false;
    };
  }

  private static boolean isArchitecture(String text) {
    return switch (text) {
      case "386",
          "amd64",
          "arm",
          "arm64",
          "loong64",
          "mips",
          "mipsle",
          "mips64",
          "mips64le",
          "ppc64",
          "ppc64le",
          "riscv64",
          "s390x",
          "wasm" ->
          true;
      default -> false;
    };
  }

  /** {@code os/architecture[/variant]}. */
  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }
}
