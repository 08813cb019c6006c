package dev.kapal.network;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Networks made with CNI plugins. */
final class CniNetworks implements Networks {
  private final NetworkConfig config;

  private CniNetworks(NetworkConfig config) {
    this.config = config;
  }

  static CniNetworks open(NetworkConfig config) {
    return new CniNetworks(config);
  }

  private UnsupportedOperationException soon() {
    return new UnsupportedOperationException("not yet: " + config);
  }

  @Override
  public List<Network> list() {
    throw soon();
  }

  @Override
  public Network inspect(String nameOrId) {
    throw soon();
  }

  @Override
  public Network create(NetworkSpec spec) {
    throw soon();
  }

  @Override
  public void remove(String nameOrId) {
    throw soon();
  }

  @Override
  public List<String> prune() {
    throw soon();
  }

  @Override
  public Attachment attach(AttachRequest request) {
    throw soon();
  }

  @Override
  public void detach(String containerId) {
    throw soon();
  }

  @Override
  public Optional<Attachment> cached(String containerId) {
    throw soon();
  }

  @Override
  public List<Attachment> attachments() {
    throw soon();
  }

  @Override
  public void check(String containerId) {
    throw soon();
  }

  @Override
  public List<String> gc(Set<String> live) {
    throw soon();
  }

  @Override
  public Optional<String> podNetwork() {
    throw soon();
  }

  @Override
  public Readiness readiness(String name) {
    throw soon();
  }
}
