package dev.kapal.image.registry.http;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One request.
 *
 * @param headers sent to whoever the request is redirected to
 * @param secrets headers for the first host only: authorization, and what hosts.toml adds
 * @param body what is sent, if anything
 */
public record HttpCall(
    String method,
    URI uri,
    Map<String, String> headers,
    Map<String, List<String>> secrets,
    Optional<UploadBody> body) {

  /** A request of headers only. */
  public static HttpCall of(String method, URI uri) {
    return new HttpCall(method, uri, Map.of(), Map.of(), Optional.empty());
  }

  public HttpCall with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new HttpCall(method, uri, more, secrets, body);
  }

  public HttpCall withSecret(String name, String value) {
    Map<String, List<String>> more = new LinkedHashMap<>(secrets);
    more.put(name, List.of(value));
    return new HttpCall(method, uri, headers, more, body);
  }

  public HttpCall withSecrets(Map<String, List<String>> others) {
    Map<String, List<String>> more = new LinkedHashMap<>(secrets);
    more.putAll(others);
    return new HttpCall(method, uri, headers, more, body);
  }

  public HttpCall withBody(UploadBody upload) {
    return new HttpCall(method, uri, headers, secrets, Optional.of(upload));
  }

  /** The same request at another place, without the secrets unless it is the same origin. */
  HttpCall at(URI other) {
    return new HttpCall(
        method, other, headers, Urls.sameOrigin(uri, other) ? secrets : Map.of(), body);
  }

  /** Whether the request may follow a redirect. */
  boolean followsRedirects() {
    return method.equals("GET") || method.equals("HEAD");
  }
}
