// The adapter stores the provider's data in memory: tokens, and the IDs of used assertions. It replaces
// the provider's own store in memory, about which the provider warns.

const entries = new Map();

export default class MemoryAdapter {
  constructor(kind) {
    this.kind = kind;
  }

  async upsert(id, payload, expiresIn) {
    const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    entries.set(`${this.kind}:${id}`, { payload, expiresAt });
  }

  async find(id) {
    const entry = entries.get(`${this.kind}:${id}`);
    return entry && Date.now() < entry.expiresAt ? entry.payload : undefined;
  }

  async destroy(id) {
    entries.delete(`${this.kind}:${id}`);
  }

  // The other methods of an adapter are for grants of users, which do not exist here.
  async consume() {}

  async findByUid() {}

  async findByUserCode() {}

  async revokeByGrantId() {}
}
