package dev.kapal.cri.translate;

import dev.kapal.cri.proto.ContainerMetadata;
import dev.kapal.cri.proto.PodSandboxMetadata;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The names that the engine knows containers of pods by: one for each attempt at a container in its
 * sandbox, so that a request that is made twice makes one container.
 */
final class ContainerNames {
  private static final int LONGEST = 253;
  private static final int POD_DIGITS = 12;

  private ContainerNames() {}

  static String of(ContainerMetadata container, PodSandboxMetadata pod, String podId) {
    String whole =
        String.join(
            "_",
            container.getName(),
            pod.getName(),
            pod.getNamespace(),
            podId.substring(0, Math.min(POD_DIGITS, podId.length())),
            Integer.toUnsignedString(container.getAttempt()));
    String plain = whole.replaceAll("[^a-zA-Z0-9_.-]", "-").replaceAll("^[_.-]+", "");
    if (plain.equals(whole) && plain.length() <= LONGEST) {
      return plain;
    }
    // What was changed or cut off still tells names apart.
    String digest = digest(whole);
    String head = plain.substring(0, Math.min(plain.length(), LONGEST - digest.length() - 1));
    return (head.isEmpty() ? "c" : head) + "-" + digest;
  }

  private static String digest(String text) {
    try {
      byte[] all =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(all, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
