/** A network that is gone: said at the form that was to be sent, which stays as it is. */
import { said } from './said';

/** Whether the form can be sent now; where the device knows of no network, a sentence stands at it until there is one. */
export function isReachable(form: HTMLFormElement): boolean {
  form.querySelector('[data-no-network]')?.remove();
  if (navigator.onLine) return true;
  const line = document.createElement('p');
  line.className = 'notice notice-warning';
  line.dataset.noNetwork = '';
  line.setAttribute('role', 'alert');
  line.textContent = said('没有网络，还没有提交。填写的内容都在；恢复连接后请再按一次。',
    'No network: nothing was sent. What you typed is still here; press again when the connection is back.');
  form.append(line);
  window.addEventListener('online', () => line.remove(), { once: true });
  return false;
}
