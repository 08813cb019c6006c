package dev.kapal.image.registry.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and private keys in PEM files (RFC 7468), with the JDK alone. */
public final class Pem {
  private static final int LARGEST = 8 << 20;
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,64})-----([^-]*+)-----END ([A-Z0-9 ]{1,64})-----");

  /** AlgorithmIdentifier contents that we meet in PKCS#8, by object identifier, and their names. */
  private static final Map<String, String> ALGORITHMS =
      Map.of(
          "2a864886f70d010101", "RSA",
          "2a864886f70d01010a", "RSASSA-PSS",
          "2a8648ce3d0201", "EC",
          "2b6570", "Ed25519",
          "2b6571", "Ed448");

  private Pem() {}

  private record Block(String label, String base64) {
    byte[] content(String origin) throws IOException {
      try {
        return Base64.getMimeDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        throw new IOException(origin + " has a damaged PEM block " + label, e);
      }
    }
  }

  /** Reads all certificates of a file, in order. */
  public static List<X509Certificate> certificates(Path file) throws IOException {
    List<X509Certificate> found = certificates(read(file), file.toString());
    if (found.isEmpty()) {
      throw new IOException(file + " holds no certificate (PEM block CERTIFICATE)");
    }
    return found;
  }

  /** Reads all certificates of a text; {@code origin} is named in errors. */
  static List<X509Certificate> certificates(String text, String origin) throws IOException {
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> found = new ArrayList<>();
      for (Block block : blocks(text, origin)) {
        if (block.label.equals("CERTIFICATE") || block.label.equals("TRUSTED CERTIFICATE")) {
          Certificate certificate =
              factory.generateCertificate(new ByteArrayInputStream(block.content(origin)));
          if (certificate instanceof X509Certificate x509) {
            found.add(x509);
          }
        }
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw new IOException(origin + " holds a certificate that cannot be read: " + e.getMessage());
    }
  }

  /** Reads the first private key of a file: PKCS#8, PKCS#1 (RSA) or SEC 1 (EC), not encrypted. */
  public static PrivateKey privateKey(Path file) throws IOException {
    return privateKey(read(file), file.toString());
  }

  static PrivateKey privateKey(String text, String origin) throws IOException {
    for (Block block : blocks(text, origin)) {
      switch (block.label) {
        case "PRIVATE KEY" -> {
          return pkcs8(block.content(origin), origin);
        }
        case "RSA PRIVATE KEY" -> {
          return pkcs8(Der.pkcs8FromRsa(block.content(origin)), origin);
        }
        case "EC PRIVATE KEY" -> {
          return pkcs8(Der.pkcs8FromEc(block.content(origin), origin), origin);
        }
        case "ENCRYPTED PRIVATE KEY" ->
            throw new IOException(
                origin
                    + " holds an encrypted key; remove its passphrase (openssl pkey -in … -out …)");
        default -> {}
      }
    }
    throw new IOException(origin + " holds no private key (PEM block PRIVATE KEY)");
  }

  private static PrivateKey pkcs8(byte[] content, String origin) throws IOException {
    String oid = Der.pkcs8Algorithm(content, origin);
    String algorithm = ALGORITHMS.get(oid);
    if (algorithm == null) {
      throw new IOException(origin + " holds a key of an algorithm that is not supported");
    }
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(content));
    } catch (GeneralSecurityException e) {
      throw new IOException(origin + " holds a damaged " + algorithm + " key");
    }
  }

  private static String read(Path file) throws IOException {
    if (Files.size(file) > LARGEST) {
      throw new IOException(file + " is larger than " + (LARGEST >> 20) + " MiB");
    }
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private static List<Block> blocks(String text, String origin) throws IOException {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(text);
    while (matcher.find()) {
      String body = matcher.group(2);
      if (!matcher.group(1).equals(matcher.group(3))) {
        continue;
      }
      if (body.contains("ENCRYPTED")) {
        throw new IOException(
            origin + " holds an encrypted key; remove its passphrase (openssl pkey -in … -out …)");
      }
      blocks.add(new Block(matcher.group(1), body));
    }
    return blocks;
  }
}
