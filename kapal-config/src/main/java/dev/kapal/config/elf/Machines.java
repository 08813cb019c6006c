package dev.kapal.config.elf;

import java.util.Locale;

/** Numbers of architectures. */
final class Machines {
  private Machines() {}

  static String name(int machine, int bits, boolean littleEndian) {
    return switch (machine) {
      case 3 -> "i386";
      case 8 -> littleEndian ? "mipsel" : "mips";
      case 21 -> littleEndian ? "ppc64le" : "ppc64";
      case 22 -> bits == 64 ? "s390x" : "s390";
      case 40 -> "arm";
      case 62 -> bits == 64 ? "x86_64" : "x32";
      case 183 -> "aarch64";
      case 243 -> "riscv" + bits;
      case 258 -> "loongarch" + bits;
      default -> "machine " + machine;
    };
  }

  /** As {@code os.arch} has it. */
  static String ofJava(String arch) {
    return switch (arch.toLowerCase(Locale.ROOT)) {
      case "amd64", "x86_64", "x64" -> "x86_64";
      case "aarch64", "arm64" -> "aarch64";
      default -> arch;
    };
  }
}
