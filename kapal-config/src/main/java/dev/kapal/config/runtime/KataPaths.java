package dev.kapal.config.runtime;

/** Recognises the mistake of driving Kata 2 and later by runc's command line. */
public final class KataPaths {
  /** What to say then. */
  public static final String EXPLANATION =
      "kata-runtime has had no create, start or delete since Kata 2, so this fails with"
          + " 'Invalid command \"create\"'; Kata is driven by its shim: use the type"
          + " io.containerd.kata.v2 and no path";

  private KataPaths() {}

  /** Whether a path names Kata's administration program. */
  public static boolean isRuntime(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.equals("kata-runtime") || name.matches("kata-(qemu|clh|fc|dragonball|stratovirt)");
  }
}
