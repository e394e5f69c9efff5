// What the provider remembers, kept in memory: tokens, and the IDs of assertions that were used.
// The provider warns about the store in memory that comes with it, so this one takes its place.

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

  // The rest of an adapter's interface is about grants of users. There are none here.
  async consume() {}

  async findByUid() {}

  async findByUserCode() {}

  async revokeByGrantId() {}
}
