package dev.kapal.image.registry.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;

/** The little of ASN.1 DER that wrapping old private keys into PKCS#8 (RFC 5208) needs. */
final class Der {
  private static final int SEQUENCE = 0x30;
  private static final int INTEGER = 0x02;
  private static final int OCTETS = 0x04;
  private static final int OID = 0x06;
  private static final int CURVE = 0xa0;

  /** AlgorithmIdentifier of rsaEncryption. */
  private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");

  private static final byte[] EC_OID = HexFormat.of().parseHex("06072a8648ce3d0201");
  private static final byte[] ZERO = {INTEGER, 1, 0};

  private final byte[] bytes;
  private final String origin;
  private int at;
  private final int end;

  private Der(byte[] bytes, int from, int to, String origin) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.origin = origin;
  }

  static byte[] pkcs8FromRsa(byte[] pkcs1) {
    return wrap(SEQUENCE, ZERO, RSA, wrap(OCTETS, pkcs1));
  }

  /** SEC 1 keys name their curve in a field of their own; PKCS#8 wants it with the algorithm. */
  static byte[] pkcs8FromEc(byte[] sec1, String origin) throws IOException {
    Der key = new Der(sec1, 0, sec1.length, origin).enter(SEQUENCE);
    key.skip(INTEGER);
    key.skip(OCTETS);
    Der curve = key.enter(CURVE);
    byte[] oid = wrap(OID, curve.content(OID));
    return wrap(SEQUENCE, ZERO, wrap(SEQUENCE, EC_OID, oid), wrap(OCTETS, sec1));
  }

  /** The object identifier of a PKCS#8 key's algorithm, in hexadecimal. */
  static String pkcs8Algorithm(byte[] pkcs8, String origin) throws IOException {
    Der key = new Der(pkcs8, 0, pkcs8.length, origin).enter(SEQUENCE);
    key.skip(INTEGER);
    return HexFormat.of().formatHex(key.enter(SEQUENCE).content(OID));
  }

  private static byte[] wrap(int tag, byte[]... parts) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      body.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = body.size();
    if (length < 0x80) {
      out.write(length);
    } else {
      int width = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      out.write(0x80 | width);
      for (int i = width - 1; i >= 0; i--) {
        out.write(length >>> (8 * i));
      }
    }
    out.writeBytes(body.toByteArray());
    return out.toByteArray();
  }

  private Der enter(int tag) throws IOException {
    int length = header(tag);
    Der inner = new Der(bytes, at, at + length, origin);
    at += length;
    return inner;
  }

  private byte[] content(int tag) throws IOException {
    int length = header(tag);
    byte[] content = java.util.Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return content;
  }

  private void skip(int tag) throws IOException {
    int length = header(tag); // moves on, so it must not stand behind +=
    at += length;
  }

  private int header(int tag) throws IOException {
    if (next() != tag) {
      throw damaged();
    }
    int length = next();
    if (length >= 0x80) {
      int width = length & 0x7f;
      if (width == 0 || width > 3) {
        throw damaged();
      }
      length = 0;
      for (int i = 0; i < width; i++) {
        length = length << 8 | next();
      }
    }
    if (length > end - at) {
      throw damaged();
    }
    return length;
  }

  private int next() throws IOException {
    if (at >= end) {
      throw damaged();
    }
    return bytes[at++] & 0xff;
  }

  private IOException damaged() {
    return new IOException(origin + " holds a damaged private key");
  }
}
