import pytest
from pegboard.modules.directory import policy
from tests.modules.directory import test_escalation as t
async def place2(uow, actor, member, now, wanted):
    policy._hold(actor, policy.MANAGE_MEMBERS); policy._above(actor, member["kind"])
    await policy._inside(uow, actor, set(now) ^ set(wanted) or set(wanted))
async def delete(uow, actor, department):
    policy._hold(actor, policy.MANAGE_DEPARTMENTS)
    if department["parent_id"] is None: raise policy.RootStays
    await policy._inside(uow, actor, [department["id"]])
@pytest.mark.parametrize("name,f",[("place_member",place2),("delete_department",delete)])
def test_mutant(postgres, monkeypatch, name, f):
    monkeypatch.setattr(policy, name, f)
    with pytest.raises(BaseException) as e:
        t._run(postgres, examples=25, steps=50)
    print(name, f.__name__, str(e.value)[:150])
